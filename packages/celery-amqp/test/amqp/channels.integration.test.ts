import { type Channel, connect } from "amqplib";
import { afterEach, beforeEach, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import type { AmqpOptions } from "../../src/ports/connection.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { freshVhost } from "../../../../scripts/vitest/vhost.ts";

const message = (text: string) => ({ headers: {}, properties: {}, body: Buffer.from(text) });

function topology(name: string) {
  return { exchanges: [], queues: [{ name, durable: true, autoDelete: false, exclusive: false }], bindings: [] };
}

async function world(options: Partial<AmqpOptions> = {}): Promise<{ transport: Transport; logger: RecordingLogger }> {
  const vhost = await freshVhost();
  const logger = new RecordingLogger();
  const transport = createAmqpTransport(
    { url: vhost.url, backoff: { min: "10ms", max: "100ms" }, ...options },
    { logger },
  );
  onTestFinished(async () => {
    await transport.close();
    await vhost.remove();
  });
  await transport.connect();
  return { transport, logger };
}

describe("a channel that the broker closes", () => {
  /** The channels that consume, in the order they began: a test's way to break one of them. */
  const consuming: Channel[] = [];

  beforeEach(async () => {
    const raw = await connect(inject("amqpUrl"));
    const prototype = Object.getPrototypeOf(await raw.createChannel()) as Channel;
    await raw.close();
    const { consume } = prototype as unknown as {
      readonly consume: (this: Channel, ...args: unknown[]) => Promise<never>;
    };
    vi.spyOn(prototype, "consume").mockImplementation(function spy(this: Channel, ...args) {
      consuming.push(this);
      return consume.apply(this, args);
    });
  });

  afterEach(() => {
    vi.restoreAllMocks();
    consuming.length = 0;
  });

  test("is reopened, and no other subscription is affected", async () => {
    const { transport, logger } = await world();
    const events: string[] = [];
    const received: string[] = [];
    const subscribe = (queue: string) =>
      transport.subscribe(
        {
          queue,
          prefetch: 5,
          topology: topology(queue),
          onLost: (reason) => events.push(`${queue} lost: ${reason.message}`),
          onRestored: () => events.push(`${queue} restored`),
        },
        (delivery) => {
          received.push(queue);
          delivery.ack();
        },
      );
    const subscription = await subscribe("broken");
    await subscribe("whole");
    // A delivery tag that never was: 406, and the channel with it.
    consuming[0]?.ack({ fields: { deliveryTag: 999 } } as never);
    await eventually("it is restored", () => events.length === 2);
    expect(events[0]).toMatch(/^broken lost: .*unknown delivery tag 999/);
    expect(events[1]).toBe("broken restored");
    for (const routingKey of ["broken", "whole"]) {
      await transport.publisher.publish(message("x"), { exchange: "", routingKey });
    }
    await eventually("both consume", () => received.length === 2);
    expect(subscription.isConsuming).toBe(true);
    expect(transport.state).toBe("open");
    expect(logger.text).toMatch(/the queue is consumed again[^]*queue: 'broken'/);
  });

  test("ends with its deliveries: they are redelivered, and the old ones cannot be settled", async () => {
    const { transport } = await world();
    const deliveries: Delivery[] = [];
    await transport.subscribe({ queue: "q", prefetch: 5, topology: topology("q") }, (delivery) => {
      deliveries.push(delivery);
    });
    for (const text of ["1", "2"]) await transport.publisher.publish(message(text), { exchange: "", routingKey: "q" });
    await eventually("they are delivered", () => deliveries.length === 2);
    consuming[0]?.ack({ fields: { deliveryTag: 999 } } as never);
    await eventually("they are delivered again", () => deliveries.length === 4);
    expect(deliveries.map((delivery) => [delivery.redelivered, delivery.ack()])).toEqual([
      [false, false],
      [false, false],
      [true, true],
      [true, true],
    ]);
    await eventually("the queue is empty", async () => (await transport.inspectQueue("q"))?.messageCount === 0);
  });
});

test("a passive declare of a missing queue closes no consumer's channel", async () => {
  const { transport } = await world();
  const received: string[] = [];
  await transport.subscribe({ queue: "q", prefetch: 1, topology: topology("q") }, (delivery) => {
    received.push("x");
    delivery.ack();
  });
  expect(await transport.inspectQueue("none")).toBeNull();
  await expect(transport.declare(topology("none"), "passive")).rejects.toMatchObject({ code: "not-found" });
  await transport.publisher.publish(message("x"), { exchange: "", routingKey: "q" });
  await eventually("it is consumed", () => received.length === 1);
});

test("what no broker can be asked is refused as such, and the next request is answered", async () => {
  const { transport } = await world();
  await expect(transport.declare(topology("x".repeat(300)))).rejects.toMatchObject({ code: "option-invalid" });
  await expect(transport.declare(topology("fine"))).resolves.toBeUndefined();
});

test("an event loop that was blocked past every deadline is not mistaken for a silent broker", async () => {
  const { transport, logger } = await world({
    confirmTimeout: "1000ms",
    publishTimeout: "1200ms",
    requestTimeout: "1100ms",
  });
  await transport.declare(topology("q"));
  const publish = () => transport.publisher.publish(message("x"), { exchange: "", routingKey: "q" });
  await publish();
  const waiting = Promise.all([publish(), transport.inspectQueue("q")]);
  // Both leave in the next turns.
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  const end = performance.now() + 2_500;
  while (performance.now() < end);
  await expect(waiting).resolves.toBeDefined();
  expect(logger.text).not.toMatch(/warn/);
});

test.each(["classic", "quorum"])("another prefetch takes another subscription, in full run (%s)", async (type) => {
  const { transport } = await world();
  const declared = { ...topology("q").queues[0], name: "q", durable: true, autoDelete: false, exclusive: false };
  const queues = [{ ...declared, arguments: { "x-queue-type": type } }];
  await transport.declare({ exchanges: [], queues, bindings: [] });
  const total = 60;
  const held: Delivery[] = [];
  const hold = (delivery: Delivery) => held.push(delivery);
  const texts = Array.from({ length: total }, (_, index) => String(index));
  await Promise.all(texts.map((text) => transport.publisher.publish(message(text), { exchange: "", routingKey: "q" })));
  const ready = async () => (await transport.inspectQueue("q"))?.messageCount;
  const first = await transport.subscribe({ queue: "q", prefetch: 2 }, hold);
  await eventually("two are held", () => held.length === 2);
  await first.cancel();
  const second = await transport.subscribe({ queue: "q", prefetch: 5 }, hold);
  await eventually("five more are", () => held.length === 7);
  await eventually("and the rest waits", async () => (await ready()) === total - 7);
  expect(held.map((delivery) => delivery.ack())).toEqual(held.map(() => true));
  await eventually("five others follow", () => held.length === 12);
  await second.cancel();
  expect(held.slice(7).map((delivery) => delivery.ack())).toEqual([true, true, true, true, true]);
  await transport.subscribe({ queue: "q", prefetch: 50 }, (delivery) => {
    hold(delivery);
    delivery.ack();
  });
  await eventually("all are delivered", () => held.length === total);
  expect(new Set(held.map(({ redelivered }) => redelivered))).toEqual(new Set([false]));
});

describe("a queue that is deleted as soon as it was declared", () => {
  /** Deletes the queue `doomed` just before the first call of a method of channels. */
  async function deleteBefore(method: "bindQueue" | "consume") {
    const raw = await connect(inject("amqpUrl"));
    const prototype = Object.getPrototypeOf(await raw.createChannel()) as Channel;
    await raw.close();
    type Method = (this: Channel, ...args: unknown[]) => Promise<never>;
    const original = (prototype as unknown as Record<typeof method, Method>)[method];
    const deleting: Method = async function deleting(...args) {
      await this.deleteQueue("doomed");
      return original.apply(this, args);
    };
    const spy = vi.spyOn(prototype, method).mockImplementationOnce(deleting);
    onTestFinished(() => spy.mockRestore());
    return spy;
  }

  test("is declared again to be bound", async () => {
    const { transport } = await world();
    const spy = await deleteBefore("bindQueue");
    await transport.declare({
      ...topology("doomed"),
      bindings: [{ source: "amq.direct", destination: "doomed", destinationType: "queue", routingKey: "doomed" }],
    });
    expect(spy).toHaveBeenCalledTimes(2);
    expect(await transport.inspectQueue("doomed")).toMatchObject({ messageCount: 0 });
  });

  test("is declared again to be consumed", async () => {
    const { transport } = await world();
    const spy = await deleteBefore("consume");
    await transport.subscribe({ queue: "doomed", prefetch: 1, topology: topology("doomed") }, () => {});
    expect(spy).toHaveBeenCalledTimes(2);
    expect(await transport.inspectQueue("doomed")).toMatchObject({ consumerCount: 1 });
  });

  test("is told to be missing where it was not to be declared", async () => {
    const { transport } = await world();
    const subscribing = transport.subscribe({ queue: "doomed", prefetch: 1 }, () => {});
    await expect(subscribing).rejects.toMatchObject({ code: "not-found" });
  });
});
