import { Socket } from "node:net";
import { describe, expect, inject, onTestFinished, test, vi } from "vitest";
import type { AmqpOptions } from "../../src/ports/connection.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";
import { freshVhost } from "../../../../scripts/vitest/vhost.ts";

const QUEUE = "q";
const TO = { exchange: "", routingKey: QUEUE };
const TOPOLOGY = {
  exchanges: [],
  queues: [{ name: QUEUE, durable: true, autoDelete: false, exclusive: false }],
  bindings: [],
};

interface World {
  readonly proxy: TcpProxy;
  readonly transport: Transport;
  readonly logger: RecordingLogger;
}

/** A transport through a proxy to a vhost of its own, with one queue. */
async function world(options: Partial<AmqpOptions> = {}): Promise<World> {
  const vhost = await freshVhost();
  const proxy = await createTcpProxy(vhost.url);
  const logger = new RecordingLogger();
  const backoff = { min: "10ms", max: "100ms" } as const;
  const transport = createAmqpTransport({ url: proxy.url, backoff, ...options }, { logger });
  onTestFinished(async () => {
    await proxy.resume();
    await transport.close();
    await proxy.close();
    await vhost.remove();
  });
  await transport.connect();
  await transport.declare(TOPOLOGY);
  return { proxy, transport, logger };
}

function message(text: string, size = 0) {
  return { headers: {}, properties: { correlationId: text, persistent: true }, body: Buffer.alloc(size, text) };
}

function idOf(delivery: Delivery): string {
  return delivery.message.properties.correlationId ?? "";
}

describe("publishing across losses", () => {
  test("every publish settles once, and every confirmed one is consumed", async () => {
    const { proxy, transport } = await world();
    const seen = new Set<string>();
    await transport.subscribe({ queue: QUEUE, prefetch: 50 }, (delivery) => {
      seen.add(idOf(delivery));
      delivery.ack();
    });
    const ids = Array.from({ length: 3000 }, (_, index) => String(index));
    const settled: string[] = [];
    const publishes = ids.map(async (id, index) => {
      if (index % 500 === 250) {
        proxy.cut();
        await eventually("connected again", () => transport.state === "open");
      }
      await transport.publisher.publish(message(id), TO);
      settled.push(id);
    });
    // Each time it is back, and not for ever: on a busy machine it may not come to send anything in between.
    let cuts = 0;
    let timer: NodeJS.Timeout | undefined;
    transport.onState((state) => {
      if (state === "open" && ++cuts <= 10) timer = setTimeout(() => proxy.cut(), 300);
    });
    await Promise.all(publishes).finally(() => clearTimeout(timer));
    expect(settled).toHaveLength(ids.length);
    await eventually("all are consumed", () => seen.size === ids.length);
  });

  test("a publish without an answer in time fails with its outcome unknown", async () => {
    const { proxy, transport } = await world({ publishTimeout: "300ms" });
    proxy.hold();
    const error: unknown = await transport.publisher.publish(message("x"), TO).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "PublishTimeoutError", code: "publish-timeout", outcome: "unknown" });
    await proxy.resume();
  });

  test("a publish waits no longer than its own deadline", async () => {
    const { proxy, transport } = await world();
    await proxy.refuse();
    await eventually("the loss is noticed", () => transport.state === "connecting");
    const startedAt = performance.now();
    await expect(transport.publisher.publish(message("x"), TO, { timeoutMs: 100 })).rejects.toMatchObject({
      outcome: "not-sent",
      message: expect.stringMatching(/was not sent\.$/) as string,
    });
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  test("a broker that confirms nothing is left for a new connection, and the message is published again", async () => {
    const { proxy, transport, logger } = await world({ confirmTimeout: "500ms" });
    proxy.hold();
    const sent = transport.publisher.publish(message("x"), TO);
    await eventually("the silence is noticed", () => /has confirmed nothing: [^]*500 ms/.test(logger.text));
    await proxy.resume();
    await expect(sent).resolves.toBeUndefined();
  });

  test("what must not be sent twice is not: its sender hears that it may have arrived", async () => {
    const { proxy, transport } = await world();
    proxy.hold("to the client");
    const once = transport.publisher.publish(message("once"), TO, { resend: false });
    const again = transport.publisher.publish(message("again"), TO);
    const outcomes = Promise.allSettled([once, again]);
    proxy.cut();
    await proxy.resume();
    expect(await outcomes).toMatchObject([
      { status: "rejected", reason: { code: "connection-lost" } },
      { status: "fulfilled" },
    ]);
  });

  test("waiting messages are bounded, in number and in bytes", async () => {
    const { proxy, transport } = await world({ maxWaiting: { messages: 10, bytes: 50_000 }, publishTimeout: "400ms" });
    await proxy.refuse();
    await eventually("the loss is noticed", () => transport.state === "connecting");
    const publish = (size: number) =>
      transport.publisher.publish(message("x", size), TO).catch((error: unknown) => error);
    const small = Array.from({ length: 12 }, () => publish(10));
    expect(await small.at(-1)).toMatchObject({ code: "overloaded" });
    expect(await small[0]).toMatchObject({ code: "publish-timeout" });
    const large = [publish(40_000), publish(40_000)];
    expect(await large[1]).toMatchObject({ code: "overloaded" });
  });

  test("a thousand large messages at once neither warn nor fail", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const { transport } = await world();
    const publishes = Array.from({ length: 1000 }, (_, index) =>
      transport.publisher.publish(message(String(index), 50_000), TO),
    );
    await Promise.all(publishes);
    expect((await transport.inspectQueue(QUEUE))?.messageCount).toBe(1000);
    expect(warnings).toEqual([]);
  });

  test("headers of more than 64 KiB fail that message alone", async () => {
    const { transport } = await world();
    const huge = { headers: { args: "x".repeat(70_000) }, properties: {}, body: Buffer.alloc(0) };
    await expect(transport.publisher.publish(huge, TO)).rejects.toMatchObject({ code: "message-too-large" });
    await expect(
      transport.publisher.publish({ ...huge, headers: { args: "x".repeat(60_000) } }, TO),
    ).resolves.toBeUndefined();
  });

  test("a message that the broker refuses without naming it is found among its neighbours", async () => {
    const { transport } = await world();
    const forged = { headers: {}, properties: { userId: "somebody-else" }, body: Buffer.alloc(0) };
    const publishes = Array.from({ length: 21 }, (_, index) =>
      transport.publisher.publish(index === 10 ? forged : message(String(index)), TO),
    );
    const outcomes = await Promise.allSettled(publishes);
    expect(outcomes.flatMap(({ status }, index) => (status === "rejected" ? [index] : []))).toEqual([10]);
    expect(outcomes[10]).toMatchObject({ reason: { code: "publish-refused" } });
  });
});

describe("consuming across losses", () => {
  test("a send directly after a loss finds the consumer of replies restored", async () => {
    const { proxy, transport } = await world();
    const reply = { name: "reply", durable: false, autoDelete: true, exclusive: false };
    const topology = { exchanges: [], queues: [reply], bindings: [] };
    let count = 0;
    await transport.subscribe({ queue: "reply", prefetch: 0, noAck: true, topology }, () => (count += 1));
    for (let round = 1; round <= 20; round++) {
      proxy.cut();
      // Mandatory: it would be unroutable before the queue is there again.
      await transport.publisher.publish(message("x"), { exchange: "", routingKey: "reply" });
      await eventually("it is delivered", () => count >= round);
    }
    expect(count).toBe(20);
  });

  test("a reset directly after the connect is survived", async () => {
    const { proxy, transport } = await world();
    const states: string[] = [];
    transport.onState((state) => states.push(state));
    for (let round = 0; round < 5; round++) {
      const lost = states.filter((state) => state === "connecting").length;
      proxy.cut();
      await eventually("it is lost and open again", () => {
        return transport.state === "open" && states.filter((state) => state === "connecting").length > lost;
      });
    }
    await expect(transport.publisher.publish(message("x"), TO)).resolves.toBeUndefined();
  });

  test("a delivery that outlived its connection cannot be settled, and does not affect the next connection", async () => {
    const { proxy, transport } = await world();
    const deliveries: Delivery[] = [];
    await transport.subscribe({ queue: QUEUE, prefetch: 1 }, (delivery) => deliveries.push(delivery));
    await transport.publisher.publish(message("x"), TO);
    await eventually("it is delivered", () => deliveries.length === 1);
    proxy.cut();
    await eventually("it is delivered again", () => deliveries.length === 2);
    const [old, current] = deliveries;
    expect([old?.ack(), old?.reject({ requeue: true })]).toEqual([false, false]);
    expect([current?.redelivered, current?.ack(), current?.ack()]).toEqual([true, true, false]);
    await eventually("the queue is empty", async () => (await transport.inspectQueue(QUEUE))?.messageCount === 0);
    expect(deliveries).toHaveLength(2);
  });

  test("a deleted queue is consumed again as soon as a program declares it", async () => {
    const { transport } = await world();
    const events: string[] = [];
    let count = 0;
    await transport.subscribe(
      {
        queue: QUEUE,
        prefetch: 1,
        onLost: (reason) => events.push(reason.message),
        onRestored: () => events.push("restored"),
      },
      (delivery) => {
        count += 1;
        delivery.ack();
      },
    );
    await transport.deleteQueue(QUEUE);
    await eventually("the loss is told", () => events.length === 1);
    expect(events[0]).toMatch(/cancelled the consumer of queue "q"/);
    await transport.declare(TOPOLOGY);
    await eventually("it is restored", () => events.length === 2);
    await transport.publisher.publish(message("x"), TO);
    await eventually("it is delivered", () => count === 1);
    expect(events[1]).toBe("restored");
  });

  test("a subscription that is cancelled while it is lost stays cancelled", async () => {
    const { proxy, transport } = await world();
    const subscription = await transport.subscribe({ queue: QUEUE, prefetch: 1 }, () => {});
    await proxy.refuse();
    await eventually("the loss is noticed", () => !subscription.isConsuming);
    await subscription.cancel();
    await proxy.resume();
    await eventually("it is open again", () => transport.state === "open");
    await transport.publisher.publish(message("x"), TO);
    await eventually("the message stays", async () => (await transport.inspectQueue(QUEUE))?.messageCount === 1);
    expect(subscription.isConsuming).toBe(false);
  });

  test("cancelling under load loses no message", async () => {
    const { transport } = await world();
    const total = 10_000;
    const bodies = Array.from({ length: total }, (_, index) => transport.publisher.publish(message(String(index)), TO));
    await Promise.all(bodies);
    let count = 0;
    const ackAll = (delivery: Delivery) => {
      count += 1;
      delivery.ack();
    };
    const subscription = await transport.subscribe({ queue: QUEUE, prefetch: 500 }, ackAll);
    await eventually("it is under way", () => count > 500);
    await subscription.cancel();
    const whenCancelled = count;
    await transport.subscribe({ queue: QUEUE, prefetch: 500 }, ackAll);
    await eventually("the rest is consumed", () => count === total);
    expect(whenCancelled).toBeLessThan(total);
  });
});

describe("a peer that has gone silent", () => {
  test("a request fails at its deadline, and the connection is replaced", async () => {
    const { proxy, transport } = await world({ requestTimeout: "2000ms" });
    proxy.hold();
    await expect(transport.declare(TOPOLOGY)).rejects.toMatchObject({ code: "rpc-timeout" });
    await proxy.resume();
    await eventually("it is open again", () => transport.state === "open");
    await expect(transport.declare(TOPOLOGY)).resolves.toBeUndefined();
  });

  test("a missing confirm makes the publisher leave within three heartbeats", async () => {
    const { proxy, transport } = await world({ heartbeat: 1, confirmTimeout: "60000ms" });
    proxy.hold();
    const startedAt = performance.now();
    const sent = transport.publisher.publish(message("x"), TO);
    await eventually("the silence is noticed", () => transport.state === "connecting");
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    await proxy.resume();
    await expect(sent).resolves.toBeUndefined();
  });

  test("a broker that lost the connection, and could not send a close, is left", async () => {
    const { proxy, transport } = await world({ heartbeat: 1 });
    const received: string[] = [];
    await transport.subscribe({ queue: QUEUE, prefetch: 1 }, (delivery) => {
      received.push(idOf(delivery));
      delivery.ack();
    });
    proxy.halfOpen();
    await transport.publisher.publish(message("x"), TO);
    await eventually("it is consumed", () => received.length > 0);
    expect(received).toEqual(["x"]);
  });

  test("heartbeats detect it without any traffic", async () => {
    const { proxy, transport, logger } = await world({ heartbeat: 1 });
    proxy.hold();
    await eventually("the silence is noticed", () => transport.state === "connecting");
    expect(logger.text).toMatch(/Heartbeat timeout/);
  });

  test("`close` is bounded, and settles what is in flight", async () => {
    const { proxy, transport } = await world({ closeTimeout: "300ms" });
    await transport.subscribe({ queue: QUEUE, prefetch: 1 }, () => {});
    proxy.hold();
    const sent = transport.publisher.publish(message("x"), TO).catch((error: unknown) => error);
    const startedAt = performance.now();
    await transport.close();
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect(await sent).toMatchObject({ code: "closed" });
    expect(transport.state).toBe("closed");
  });
});

test("Nagle's algorithm is off on both connections, so no small write waits for the TCP ack of the one before", async () => {
  const setNoDelay = vi.spyOn(Socket.prototype, "setNoDelay");
  const transport = createAmqpTransport({ url: inject("amqpUrl") });
  onTestFinished(() => transport.close());
  onTestFinished(() => setNoDelay.mockRestore());
  await transport.connect();
  expect(setNoDelay.mock.calls).toEqual([[true], [true]]);
});
