import { describe, expect, test } from "vitest";
import { createFakeClock, createMemoryBroker, createMemoryTransport } from "../../src/testing.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";

const text = (value: string) => ({ headers: {}, properties: {}, body: new TextEncoder().encode(value) });
const read = (delivery: Delivery | undefined) => new TextDecoder().decode(delivery?.message.body);

async function world() {
  const clock = createFakeClock();
  const broker = createMemoryBroker({ clock });
  const transport = createMemoryTransport({ broker, publishTimeout: "1s" });
  await transport.connect();
  return { clock, broker, transport };
}

function plain(name: string, table?: Record<string, unknown>) {
  return {
    exchanges: [],
    queues: [{ name, durable: true, autoDelete: false, exclusive: false, arguments: table }],
    bindings: [],
  };
}

async function collect(transport: Transport, queue: string, prefetch = 0): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  await transport.subscribe({ queue, prefetch }, (delivery) => deliveries.push(delivery));
  return deliveries;
}

describe("time in the memory broker", () => {
  test("a message expires after the queue's x-message-ttl and goes to the dead-letter exchange", async () => {
    const { clock, broker, transport } = await world();
    await transport.declare(plain("dead"));
    await transport.declare(
      plain("q", { "x-message-ttl": 500, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" }),
    );
    await transport.publisher.publish(text("a"), { exchange: "", routingKey: "q" });
    await clock.advance(499);
    expect(broker.messages("q")).toHaveLength(1);
    await clock.advance(1);
    expect(broker.messages("q")).toHaveLength(0);
    const [dead] = broker.messages("dead");
    expect(dead?.headers).toMatchObject({
      "x-first-death-reason": "expired",
      "x-death": [{ count: 1, queue: "q", reason: "expired", exchange: "", "routing-keys": ["q"] }],
    });
  });

  test("a queue without consumers goes after x-expires", async () => {
    const { clock, broker, transport } = await world();
    await transport.declare(plain("q", { "x-expires": 1000 }));
    const subscription = await transport.subscribe({ queue: "q", prefetch: 0 }, () => {});
    await clock.advance(5000);
    expect(broker.queues()).toEqual(["q"]);
    await subscription.cancel();
    await clock.advance(1000);
    expect(broker.queues()).toEqual([]);
  });

  test("a publish waits for the broker until its deadline", async () => {
    const { clock, broker, transport } = await world();
    broker.stop();
    const sent = transport.publisher.publish(text("a"), { exchange: "", routingKey: "q" });
    const outcome = sent.catch((error: unknown) => error);
    await clock.advance(1000);
    expect(await outcome).toMatchObject({ code: "publish-timeout", outcome: "not-sent" });
  });
});

describe("faults of the memory broker", () => {
  test("a restart keeps durable queues and persistent messages, and nothing else", async () => {
    const { broker, transport } = await world();
    await transport.declare(plain("q"));
    const { body } = text("kept");
    await transport.publisher.publish(
      { headers: {}, properties: { persistent: true }, body },
      { exchange: "", routingKey: "q" },
    );
    await transport.publisher.publish(text("lost"), { exchange: "", routingKey: "q" });
    broker.stop();
    broker.start();
    const deliveries = await collect(transport, "q");
    await Promise.resolve();
    expect(deliveries.map(read)).toEqual(["kept"]);
  });

  test("what was held when the connection dropped is redelivered, and its old ack is refused", async () => {
    const { clock, broker, transport } = await world();
    await transport.declare(plain("q"));
    const deliveries = await collect(transport, "q");
    await transport.publisher.publish(text("a"), { exchange: "", routingKey: "q" });
    await clock.advance(0);
    broker.drop();
    await clock.advance(0);
    expect(deliveries.map((delivery) => delivery.redelivered)).toEqual([false, true]);
    expect(deliveries.map((delivery) => delivery.ack())).toEqual([false, true]);
  });

  test("an unconfirmed message is sent again after a drop: at least once", async () => {
    const { clock, broker, transport } = await world();
    await transport.declare(plain("q"));
    broker.holdConfirms();
    const sent = transport.publisher.publish(text("a"), { exchange: "", routingKey: "q" });
    await clock.advance(0);
    broker.drop();
    await clock.advance(0);
    broker.releaseConfirms();
    await sent;
    expect(broker.messages("q")).toHaveLength(2);
  });

  test("a blocked broker holds publishes back and goes on delivering", async () => {
    const { clock, broker, transport } = await world();
    await transport.declare(plain("q"));
    await transport.publisher.publish(text("before"), { exchange: "", routingKey: "q" });
    broker.block();
    expect(transport.state).toBe("blocked");
    const sent = transport.publisher.publish(text("after"), { exchange: "", routingKey: "q" });
    const deliveries = await collect(transport, "q");
    await clock.advance(0);
    expect(deliveries.map(read)).toEqual(["before"]);
    broker.unblock();
    await sent;
    await clock.advance(0);
    expect(deliveries.map(read)).toEqual(["before", "after"]);
  });
});
