import { randomUUID } from "node:crypto";
import { createContent, encodeTask, newTask, type WireMessage } from "@leveret/celery-protocol";
import { taskQueue } from "@leveret/celery-protocol/routing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { createClient, defineTask } from "../../src/index.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";
import { createWorker, type CreateWorkerOptions, type Worker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

// What a message means at its first publish is not repeated when a worker publishes it again.

const content = createContent();
const echo = defineTask("first.echo", (_context, value: number) => value);

describe.each(brokersAtHand())("on RabbitMQ (%s)", (broker) => {
  let vhost: TestVhost;
  let outside: Transport;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
    outside = createAmqpTransport({ url: vhost.url });
    await outside.connect();
  });
  afterAll(async () => {
    await outside.close();
    await vhost.remove();
  });

  async function start(options: Partial<CreateWorkerOptions> = {}): Promise<{ queue: string; worker: Worker }> {
    const { queue, worker } = create(options);
    await worker.start();
    return { queue, worker };
  }

  function create(options: Partial<CreateWorkerOptions> = {}): { queue: string; worker: Worker } {
    const queue = `q-${randomUUID()}`;
    const worker = createWorker({
      broker: vhost.url,
      logLevel: "silent",
      tasks: [echo],
      queues: [queue],
      ...options,
    });
    onTestFinished(() => worker.stop({ grace: 0 }));
    return { queue, worker };
  }

  function messageOf(task: string, { headers, properties }: Partial<WireMessage>): WireMessage {
    const encoded = encodeTask(newTask({ id: randomUUID(), task, args: [1] }), content);
    return {
      ...encoded,
      headers: { ...encoded.headers, ...headers },
      properties: { ...encoded.properties, ...properties },
    };
  }

  const send = (queue: string, task: string, more: Partial<WireMessage>): Promise<void> =>
    outside.publisher.publish(messageOf(task, more), { exchange: "", routingKey: queue });

  /** A good task passes whatever came before it. */
  async function expectWork(queue: string): Promise<void> {
    const client = createClient({ broker: vhost.url, defaultQueue: queue });
    onTestFinished(() => client.close());
    expect(await (await client.send(echo, 7)).get({ timeout: "20s" })).toBe(7);
  }

  const waiting = async (queue: string): Promise<number> => (await outside.inspectQueue(queue))?.messageCount ?? 0;

  async function deadLetters(queue: string, count: number): Promise<readonly WireMessage[]> {
    await eventually(`${count} dead letters`, async () => (await waiting(`${queue}.dead`)) === count);
    const letters: WireMessage[] = [];
    const all = Promise.withResolvers<void>();
    const subscription = await outside.subscribe({ queue: `${queue}.dead`, prefetch: 0 }, ({ message }: Delivery) => {
      if (letters.push(message) === count) all.resolve();
    });
    await all.promise;
    await subscription.cancel({ giveBack: true });
    return letters;
  }

  test("a dead letter is not routed by CC and BCC again", async () => {
    const { queue } = await start();
    for (let index = 0; index < 3; index += 1)
      await send(queue, "first.unknown", { headers: { CC: [queue, `${queue}.none`], BCC: [queue] } });
    const letters = await deadLetters(queue, 3);
    expect(letters.map(({ headers }) => headers["CC"])).toEqual([undefined, undefined, undefined]);
    await expectWork(queue);
    expect([await waiting(`${queue}.dead`), await waiting(queue)]).toEqual([3, 0]);
  });

  test.each([
    ["parked until its eta", 3_000, false],
    ["counted, as it was delivered before", 0, true],
  ])("a task with CC runs once where it is %s", async (_name, waitMs, isRedelivered) => {
    const runs: unknown[] = [];
    const queue = `q-${randomUUID()}`;
    await outside.declare(taskQueue(queue));
    const eta = new Date(Date.now() + waitMs).toISOString();
    await send(queue, "first.echo", { headers: { eta, CC: [queue] } });
    if (isRedelivered) {
      const taken = Promise.withResolvers<void>();
      const subscription = await outside.subscribe({ queue, prefetch: 1 }, () => taken.resolve());
      await taken.promise;
      await subscription.cancel({ giveBack: true });
    }
    const { worker } = create({ queues: [queue] });
    worker.on("taskSucceeded", ({ task }) => runs.push(task.args));
    await worker.start();
    await eventually("it ran", () => runs.length === 1);
    await expectWork(queue);
    await eventually("both ran", () => runs.length >= 2); // a result may be read before its worker counts the task
    expect([runs.length, await waiting(queue)]).toEqual([2, 0]);
  });

  test("a message of another user is kept, parked and counted under the worker's own", async () => {
    const user = `worker-${randomUUID()}`;
    await vhost.manage("PUT", `/users/${user}`, { password: "secret", tags: "" });
    onTestFinished(() => vhost.manage("DELETE", `/users/${user}`));
    const rights = { configure: ".*", write: ".*", read: ".*" };
    await vhost.manage("PUT", `/permissions/{vhost}/${user}`, rights);
    const address = new URL(vhost.url);
    address.username = user;
    address.password = "secret";
    const { queue, worker } = await start({ broker: address.href });
    const runs: unknown[] = [];
    worker.on("taskSucceeded", ({ task }) => runs.push(task.id));

    const properties = { userId: "guest" };
    const eta = new Date(Date.now() + 3_000).toISOString();
    await send(queue, "first.unknown", { properties });
    await send(queue, "first.echo", { properties, headers: { eta } });
    await send(queue, "first.unknown", { properties });
    await expectWork(queue);
    const letters = await deadLetters(queue, 2);
    expect(letters.map((letter) => [letter.properties.userId, letter.headers["x-leveret-user-id"]])).toEqual([
      [undefined, "guest"],
      [undefined, "guest"],
    ]);
    await eventually("the parked task ran", () => runs.length === 2);
  });

  test("a message whose headers fill more than a frame of amqplib's is kept without the largest", async () => {
    const logger = new RecordingLogger();
    const { queue } = await start({ logger, logLevel: "info" });
    const { headers, properties, body } = messageOf("first.unknown", {});
    const { correlationId, contentType, contentEncoding } = properties;
    await vhost.manage("POST", "/exchanges/{vhost}/amq.default/publish", {
      properties: {
        headers: { id: headers["id"], task: "first.unknown", blob: "x".repeat(70_000), tenant: "blue" },
        correlation_id: correlationId,
        content_type: contentType,
        content_encoding: contentEncoding,
        delivery_mode: 2,
      },
      routing_key: queue,
      payload: Buffer.from(body).toString("base64"),
      payload_encoding: "base64",
    });
    const [letter] = await deadLetters(queue, 1);
    expect(letter?.headers).toMatchObject({
      id: headers["id"],
      tenant: "blue",
      "x-leveret-reason": "unregistered",
      "x-leveret-dropped-headers": "blob",
    });
    expect(Buffer.from(letter?.body ?? [])).toEqual(Buffer.from(body));
    expect(logger.text).toContain("a dead letter was kept without some of its headers");
    expect(logger.text).not.toContain("x".repeat(100));
  });
});
