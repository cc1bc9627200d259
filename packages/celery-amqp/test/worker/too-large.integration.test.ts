import { connect } from "amqplib";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { PythonError } from "@leveret/celery-protocol";
import { chord, createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

/** Above the 16 MiB that RabbitMQ 4 takes for a message unless it is told otherwise. */
const tooMuch = 17 * 2 ** 20;

const text = (): string => "x".repeat(tooMuch);

class LargeError extends Error {
  override readonly name = "LargeError";
}

const tasks = {
  message: defineTask("large.message", (): never => {
    throw new LargeError(text());
  }),
  traceback: defineTask("large.traceback", (): never => {
    throw Object.assign(new Error("short"), { stack: `Error: short\n    at ${text()}` });
  }),
  name: defineTask("large.name", (): never => {
    throw Object.assign(new Error("short"), { name: text() });
  }),
  args: defineTask("large.args", (): never => {
    throw new PythonError("ValueError", [1, { deep: [[text()]] }, text()]);
  }),
  thrown: defineTask("large.thrown", (): never => {
    // oxlint-disable-next-line typescript/only-throw-error
    throw text();
  }),
  cause: defineTask("large.cause", (): never => {
    throw new Error(text(), { cause: new Error(text()) });
  }),
  retries: defineTask("large.retries", {
    retry: { attempts: 1 },
    run: (ctx) => ctx.retry({ in: 0, cause: new Error(text()) }),
  }),
};
const result = defineTask("large.result", () => text());
const small = defineTask("large.small", () => "small");
const body = defineTask("large.body", (_ctx, items: readonly unknown[]) => items.length);

describe.each(brokersAtHand())("on the broker %s", (broker) => {
  let isTaken = false;
  let vhost: TestVhost;
  const log = new RecordingLogger();
  beforeAll(async () => {
    vhost = await freshVhost(broker);
    // Up to 128 MiB before RabbitMQ 4.
    const connection = await connect(vhost.url);
    const { version } = connection.connection.serverProperties as { version: string };
    isTaken = Number.parseInt(version, 10) < 4;
    await connection.close();
  });
  afterAll(() => vhost.remove());

  async function start() {
    const options = { broker: vhost.url, chords: "rabbitmq" } as const;
    const all = [...Object.values(tasks), result, small, body];
    const worker = createWorker({ ...options, tasks: all, logger: log });
    onTestFinished(() => worker.stop());
    await worker.start();
    const client = createClient(options);
    onTestFinished(() => client.close());
    return { worker, client };
  }

  test.each(Object.entries(tasks))("a failure with a %s of 17 MiB reaches its caller, cut", async (_what, task) => {
    const { client } = await start();
    const sent = await client.send(task);
    const settled = await sent.settled({ timeout: 150 });
    expect(settled.status).toBe("FAILURE");
    expect(JSON.stringify(settled).length).toBeLessThan(300_000);
    expect(log.text.length).toBeLessThan(200_000);
  });

  test("a result that the broker takes comes, and one that it refuses fails its task by a small failure", async () => {
    const { client } = await start();
    const sent = await client.send(result);
    const refused = {
      status: "FAILURE",
      error: { excType: "EncodeError", excMessage: expect.stringMatching(/17825\d{3}.*16777216/) as string },
    };
    expect(await sent.settled({ timeout: 150 })).toMatchObject(isTaken ? { status: "SUCCESS" } : refused);
    expect(log.text.length).toBeLessThan(200_000);
    expect(await (await client.send(small)).get({ timeout: 150 })).toBe("small");
  });

  test("a chord with a member whose result is too large comes to its end", async () => {
    const { client } = await start();
    const sent = await client.send(chord([small.s(), result.s(), small.s()], body.s()));
    const refused = { status: "FAILURE", error: { excType: "ChordError" } };
    expect(await sent.settled({ timeout: 150 })).toMatchObject(isTaken ? { status: "SUCCESS" } : refused);
  });
});
