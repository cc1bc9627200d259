import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createClient, defineTask, type CeleryEvent } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { createTcpProxy } from "@leveret/test-support/tcp-proxy";

const add = defineTask("heard.add", (_context, x: number, y: number) => x + y);
const fail = defineTask("heard.fail", (): never => {
  throw new RangeError("boom");
});

describe.each(brokersAtHand())("client.events on RabbitMQ (%s)", (which) => {
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(which);
  });
  afterAll(() => vhost.remove());

  function clientOf(broker: string, logger = new RecordingLogger()) {
    const client = createClient({ broker, logger, taskSentEvents: true });
    onTestFinished(() => client.close());
    return client;
  }

  async function startWorker(): Promise<void> {
    const options = { tasks: [add, fail], name: "heard@lab", events: true, logLevel: "silent" } as const;
    const worker = createWorker({ broker: vhost.url, ...options });
    onTestFinished(() => worker.stop({ grace: 0 }));
    await worker.start();
  }

  test("tells of a worker and of what becomes of its tasks", async () => {
    const client = clientOf(vhost.url);
    await using events = client.events({ tasks: ["heard.*"] });
    await using workers = client.events({ types: ["worker-*"], hostnames: ["heard@*"] });
    await Promise.all([events.opened, workers.opened]);
    await startWorker();
    expect(await workers.next()).toMatchObject({ value: { type: "worker-online", swIdent: "leveret" } });
    const sum = await client.send(add, 2, 3);
    const types = new Map<string, CeleryEvent>();
    for await (const event of events) {
      types.set(event.type, event);
      if (types.size === 4) break;
    }
    expect([...types.keys()].toSorted()).toEqual(["task-received", "task-sent", "task-started", "task-succeeded"]);
    expect(types.get("task-succeeded")).toMatchObject({ uuid: sum.id, hostname: "heard@lab", result: "5" });
  });

  test("goes on after the connection was lost", async () => {
    const proxy = await createTcpProxy(vhost.url);
    onTestFinished(() => proxy.close());
    const log = new RecordingLogger();
    const client = clientOf(proxy.url, log);
    const sender = clientOf(vhost.url);
    await using events = client.events({ types: ["task-sent"], tasks: [fail.name] });
    await events.opened;
    proxy.cut();
    const next = events.next();
    const heard = next.then(() => true);
    // What is sent before the queue is back is missed.
    await eventually("the queue is back", async () => {
      await sender.send(fail);
      return Promise.race([heard, turn(false)]);
    });
    expect(await next).toMatchObject({ value: { type: "task-sent", name: "heard.fail" } });
    expect(log.text).toMatch(/lost the queue of events/);
  });
});
