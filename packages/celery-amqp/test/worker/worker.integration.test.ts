import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { type BrokerName, brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type Client, createClient, defineTask, type TaskQueue } from "../../src/index.ts";
import { createWorker, type CreateWorkerOptions, type Worker } from "../../src/worker.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";

const add = defineTask("it.add", (_context, x: number, y: number) => x + y);

interface Pair {
  readonly queue: string;
  readonly client: Client;
  readonly worker: Worker;
}

interface Stage {
  readonly vhost: () => TestVhost;
  /** A worker that has started, and a client, on one queue. */
  readonly pair: (options: Omit<CreateWorkerOptions, "queues">, queue?: string) => Promise<Pair>;
  /** A transport of the test's own, to look into queues. */
  readonly outside: () => Promise<Transport>;
  readonly onEnd: (stop: () => Promise<unknown>) => void;
}

/** A vhost for a `describe`, whose queues are of one kind. */
function setStage(broker: BrokerName, type: "classic" | "quorum"): Stage {
  const live: (() => Promise<unknown>)[] = [];
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
  });
  afterEach(async () => {
    for (const stop of live.splice(0).toReversed()) await stop();
  });
  afterAll(() => vhost.remove());
  return {
    vhost: () => vhost,
    onEnd: (stop) => void live.push(stop),
    async pair(options, queue = `q-${randomUUID()}`) {
      const queues: readonly TaskQueue[] = type === "classic" ? [queue] : [{ name: queue, type }];
      const worker = createWorker({ broker: vhost.url, logLevel: "silent", queues, defaultQueue: queue, ...options });
      const client = createClient({ broker: vhost.url, defaultQueue: queue, queues });
      live.push(
        () => worker.stop({ grace: 0 }),
        () => client.close(),
      );
      await worker.start();
      return { queue, client, worker };
    },
    async outside() {
      const transport = createAmqpTransport({ url: vhost.url });
      live.push(() => transport.close());
      await transport.connect();
      return transport;
    },
  };
}

const stages = brokersAtHand().flatMap((broker) => (["classic", "quorum"] as const).map((type) => ({ broker, type })));

describe.each(stages)("a worker on RabbitMQ ($broker) and a $type queue", ({ broker, type }) => {
  const { pair, outside } = setStage(broker, type);

  test("runs tasks and answers", async () => {
    const { client } = await pair({ tasks: [add] });
    expect(await client.call(add, 2, 3)).toBe(5);
    const results = await client.sendMany(Array.from({ length: 200 }, (_, n) => add.s(n, 1)));
    expect(await Promise.all(results.map((result) => result.get()))).toEqual(
      Array.from({ length: 200 }, (_, n) => n + 1),
    );
  });

  test("runs a task that may run now behind many that may not", async () => {
    const { client } = await pair({ tasks: [add], concurrency: 1 });
    await client.sendMany(Array.from({ length: 100 }, (_, n) => add.s(n, 1).with({ countdown: "1h" })));
    expect(await client.call(add, 2, 3)).toBe(5);
  });

  test("retries after a wait", async () => {
    const flaky = defineTask("it.flaky", (context) => {
      if (context.attempt < 3) context.retry({ in: "100ms" });
      return context.attempt;
    });
    const { client } = await pair({ tasks: [flaky] });
    expect(await client.call(flaky)).toBe(3);
  });

  test("keeps what it does not know in the dead queue, and tells the sender", async () => {
    const { client, queue } = await pair({ tasks: [add] });
    const result = await client.sendByName("it.unknown");
    expect(await result.settled({ timeout: "150s" })).toMatchObject({
      status: "FAILURE",
      error: { excType: "NotRegistered" },
    });
    const transport = await outside();
    await eventually("it is kept", async () => (await transport.inspectQueue(`${queue}.dead`))?.messageCount === 1);
    expect((await transport.inspectQueue(queue))?.messageCount).toBe(0);
  });

  test("hands back what it had not finished, and another worker runs it", async () => {
    const started = Promise.withResolvers<void>();
    let runs = 0;
    const slow = defineTask("it.slow", async (context) => {
      runs += 1;
      started.resolve();
      if (runs === 1)
        await new Promise((_, reject) =>
          context.signal.addEventListener("abort", () => reject(context.signal.reason as Error)),
        );
      return context.redelivered;
    });
    const { client, worker, queue } = await pair({ tasks: [slow] });
    const result = await client.send(slow);
    await started.promise;
    await worker.stop({ grace: 0 });
    await pair({ tasks: [slow] }, queue);
    expect(await result.get({ timeout: "150s" })).toBe(true);
  });

  test("shares a queue with others, each message to one of them", async () => {
    const { client, queue, worker } = await pair({ tasks: [add] });
    const other = await pair({ tasks: [add] }, queue);
    let [first, second] = [0, 0];
    worker.on("taskSucceeded", () => (first += 1));
    other.worker.on("taskSucceeded", () => (second += 1));
    const results = await client.sendMany(Array.from({ length: 200 }, (_, n) => add.s(n, 1)));
    await Promise.all(results.map((result) => result.get()));
    await eventually("all have run", () => first + second === 200);
    expect(Math.min(first, second)).toBeGreaterThan(0);
  });

  test("continues chains and calls errbacks", async () => {
    const seen: unknown[] = [];
    const onError = defineTask("it.on-error", (_context, id: string) => void seen.push(id));
    const fail = defineTask("it.fail", () => {
      throw new Error("no");
    });
    const { client } = await pair({ tasks: [add, fail, onError] });
    const failed = await client.send(fail.with({ linkError: onError.s() }));
    await failed.settled();
    await eventually("the errback ran", () => seen.includes(failed.id));
    const linked = defineTask("it.linked", (_context, sum: number) => void seen.push(sum));
    const other = await pair({ tasks: [add, linked] });
    await (await other.client.send(add.with({ link: linked.s(), queue: other.queue }), 2, 3)).get();
    await eventually("the callback ran", () => seen.includes(5));
    expect(seen).toEqual([failed.id, 5]);
  });
});

describe("a worker that cannot start", () => {
  const { pair, vhost } = setStage("distribution", "classic");

  test.each([
    ["a login that is refused", "access-refused", "password", "wrong-secret"],
    ["a vhost that is missing", "vhost-missing", "pathname", "/no-such-vhost"],
    ["no broker", "broker-unreachable", "port", "1"],
  ] as const)("says so: %s", async (_name, code, part, value) => {
    const url = new URL(vhost().url);
    url[part] = value;
    const worker = createWorker({ broker: url.href, tasks: [add], logLevel: "silent" });
    const error: unknown = await worker.start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "CeleryError", code });
    expect(String(error)).not.toContain("wrong-secret");
    expect(worker.state).toBe("stopped");
  });

  test("names the queue that is of another kind", async () => {
    const { queue } = await pair({ tasks: [add] });
    const worker = createWorker({
      broker: vhost().url,
      tasks: [add],
      queues: [{ name: queue, type: "quorum" }],
      logLevel: "silent",
    });
    await expect(worker.start()).rejects.toMatchObject({
      code: "queue-mismatch",
      message: expect.stringContaining(queue),
    });
  });
});

describe("a user without the right to declare", () => {
  const { onEnd, pair, vhost } = setStage("distribution", "classic");

  test("serves a queue that is there", async () => {
    const { queue, client, worker } = await pair({ tasks: [add] });
    await worker.stop();
    const user = await limitedUser(vhost().name);
    onEnd(() => user.remove());
    const url = new URL(vhost().url);
    url.username = user.name;
    url.password = user.name;
    const limited = createWorker({ broker: url.href, tasks: [add], queues: [queue], logLevel: "silent" });
    onEnd(() => limited.stop({ grace: 0 }));
    await limited.start();
    expect(await client.call(add, 2, 3)).toBe(5);
  });
});

interface LimitedUser {
  readonly name: string;
  remove(): Promise<void>;
}

/** A user who may read and write, and declare nothing. */
async function limitedUser(vhostName: string): Promise<LimitedUser> {
  const name = `user-${randomUUID()}`;
  await manage("PUT", `/api/users/${name}`, { password: name, tags: "" });
  await manage("PUT", `/api/permissions/${vhostName}/${name}`, { configure: "^$", write: ".*", read: ".*" });
  return { name, remove: () => manage("DELETE", `/api/users/${name}`) };
}

async function manage(method: string, path: string, body?: unknown): Promise<void> {
  const { username, password, origin } = new URL(inject("managementUrl") ?? "");
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(origin + path, {
    method,
    headers: { authorization, "content-type": "application/json" },
    ...init,
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
}
