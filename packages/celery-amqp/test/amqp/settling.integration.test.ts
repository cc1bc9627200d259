import { expect, onTestFinished, test } from "vitest";
import type { AmqpOptions } from "../../src/ports/connection.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { CeleryError } from "../../src/ports/errors.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { type BrokerName, brokersAtHand, freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";

interface World {
  readonly proxy: TcpProxy;
  readonly transport: Transport;
  readonly logger: RecordingLogger;
}

async function world(broker: BrokerName, options: Partial<AmqpOptions> = {}): Promise<World> {
  const vhost = await freshVhost(broker);
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
  return { proxy, transport, logger };
}

function declare(transport: Transport, name: string, table: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const queue = { name, durable: true, autoDelete: false, exclusive: false, arguments: table };
  return transport.declare({ exchanges: [], queues: [queue], bindings: [] });
}

function send(transport: Transport, queue: string, id: string, timeoutMs?: number): Promise<void> {
  const message = { headers: {}, properties: { persistent: true, correlationId: id }, body: Buffer.from(id) };
  const options = timeoutMs === undefined ? {} : { timeoutMs };
  return transport.publisher.publish(message, { exchange: "", routingKey: queue }, options);
}

/** The outcome of a send as one word. */
async function outcomeOf(sending: Promise<void>): Promise<string> {
  return sending.then(
    () => "confirmed",
    (error: unknown) => (error instanceof CeleryError ? error.code : String(error)),
  );
}

test.each(brokersAtHand().flatMap((broker) => ["classic", "quorum"].map((type) => ({ broker, type }))))(
  "a full $type queue that refuses fails the send, and takes the next message when it has space ($broker)",
  async ({ broker, type }) => {
    const { transport, logger } = await world(broker);
    await declare(transport, "small", { "x-queue-type": type, "x-max-length": 5, "x-overflow": "reject-publish" });
    await declare(transport, "free");
    const refused = async () => (await outcomeOf(send(transport, "small", "x"))) === "publish-nacked";
    // A quorum queue may take some more than it should before it refuses.
    await eventually("the queue is full", refused);
    // In the long run too, when a new channel has been tried in vain.
    await eventually(
      "a new channel is tried",
      async () => (await refused()) && /published on a new channel/.test(logger.text),
    );
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) => outcomeOf(send(transport, index % 2 === 0 ? "small" : "free", "x"))),
    );
    expect(new Set(outcomes.filter((_, index) => index % 2 === 0))).toEqual(new Set(["publish-nacked"]));
    expect(new Set(outcomes.filter((_, index) => index % 2 === 1))).toEqual(new Set(["confirmed"]));
    expect((await transport.inspectQueue("free"))?.messageCount).toBe(50);
    const subscription = await transport.subscribe({ queue: "small", prefetch: 10 }, (delivery) => delivery.ack());
    await eventually(
      "there is room again",
      async () => (await outcomeOf(send(transport, "small", "x"))) === "confirmed",
    );
    await subscription.cancel();
  },
);

test("closing directly after a thousand sends confirms them all", async () => {
  const { transport, proxy } = await world("distribution");
  await declare(transport, "q");
  const outcomes = Array.from({ length: 1000 }, (_, index) => outcomeOf(send(transport, "q", `${index}`)));
  await transport.close();
  expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["confirmed"]));
  const reader = createAmqpTransport({ url: proxy.url });
  await reader.connect();
  expect((await reader.inspectQueue("q"))?.messageCount).toBe(1000);
  await reader.close();
});

test("an abandoned publish counts against the bounds until it is confirmed or its connection is lost", async () => {
  const { proxy, transport } = await world("distribution", {
    maxInFlight: { messages: 10 },
    confirmTimeout: "1500ms",
    publishTimeout: "20000ms",
  });
  await declare(transport, "q");
  proxy.hold("to the client");
  const late = await Promise.all(
    Array.from({ length: 30 }, (_, index) => outcomeOf(send(transport, "q", `${index}`, 100))),
  );
  expect(new Set(late)).toEqual(new Set(["publish-timeout"]));
  const next = send(transport, "q", "next");
  await proxy.resume();
  await next;
  // Ten were written, and the black hole let those through; twenty never were.
  expect((await transport.inspectQueue("q"))?.messageCount).toBe(11);
});

test("a silent node is left also when every send times out before", async () => {
  const { proxy, transport, logger } = await world("distribution", { confirmTimeout: "600ms" });
  await declare(transport, "q");
  proxy.hold();
  const isLeft = () => /has confirmed nothing: [^]*600 ms/.test(logger.text);
  await eventually("it is left", async () => {
    await outcomeOf(send(transport, "q", "x", 200));
    return isLeft();
  });
  await proxy.resume();
  await expect(send(transport, "q", "y")).resolves.toBeUndefined();
});

test("the publisher moves to the next node when one confirms nothing, and not to the same again", async () => {
  const vhost = await freshVhost();
  const proxies = await Promise.all([createTcpProxy(vhost.url), createTcpProxy(vhost.url)]);
  const transport = createAmqpTransport({
    url: proxies.map(({ url }) => url),
    confirmTimeout: "1000ms",
    requestTimeout: "5000ms",
  });
  onTestFinished(async () => {
    await transport.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await vhost.remove();
  });
  await transport.connect();
  await declare(transport, "q");
  // Both would take anything, neither answers: each in turn.
  for (const [index, silent] of proxies.entries()) {
    const other = proxies[1 - index];
    silent.hold("to the client");
    const startedAt = performance.now();
    for (let count = 0; count < 3; count++) await send(transport, "q", "x");
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(other?.connections).toBeGreaterThan(0);
    await silent.resume();
  }
});

/** A generator whose numbers are the same in every run (mulberry32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

test.each([1, 2, 3, 4])("every send settles once under random faults of the network (seed %i)", async (seed) => {
  const { proxy, transport } = await world("distribution", {
    publishTimeout: "1500ms",
    confirmTimeout: "400ms",
    heartbeat: 1,
    connectTimeout: "1000ms",
  });
  await declare(transport, "q");
  await declare(transport, "full", { "x-max-length": 1, "x-overflow": "reject-publish" });
  const roll = dice(seed);
  const sent: { readonly id: string; readonly queue: string; readonly outcome: Promise<string> }[] = [];
  const faults: readonly (() => unknown)[] = [
    () => proxy.cut(),
    () => proxy.hold(),
    () => proxy.hold("to the client"),
    () => proxy.hold("to the broker"),
    () => proxy.halfOpen(),
    () => proxy.refuse(),
    () => proxy.resume(),
    () => proxy.resume(),
  ];
  for (let step = 0; step < 60; step++) {
    for (let count = roll(20); count > 0; count--) {
      const queue = ["q", "q", "q", "full", "none"][roll(5)] ?? "q";
      const id = `${sent.length}`;
      sent.push({ id, queue, outcome: outcomeOf(send(transport, queue, id)) });
    }
    if (roll(3) === 0) await faults[roll(faults.length)]?.();
    await new Promise((resolve) => setTimeout(resolve, roll(80)));
  }
  const isClosedEarly = seed % 2 === 0;
  if (isClosedEarly) await transport.close();
  const outcomes = await Promise.all(sent.map(({ outcome }) => outcome));
  await proxy.resume();
  const reader = createAmqpTransport({ url: proxy.url });
  onTestFinished(() => reader.close());
  await reader.connect();
  const arrived = new Set<string>();
  await reader.subscribe({ queue: "q", prefetch: 100 }, (delivery) => {
    arrived.add(delivery.message.properties.correlationId ?? "");
    delivery.ack();
  });
  const confirmed = sent.filter(({ queue }, index) => queue === "q" && outcomes[index] === "confirmed");
  await eventually("every confirmed one arrives", () => confirmed.every(({ id }) => arrived.has(id)));
  const closed = isClosedEarly ? ["closed"] : [];
  const allowed: Readonly<Record<string, readonly string[]>> = {
    q: ["confirmed", "publish-timeout", ...closed],
    full: ["confirmed", "publish-nacked", "publish-timeout", ...closed],
    none: ["unroutable", "publish-timeout", ...closed],
  };
  const strange = sent.filter(({ queue }, index) => !allowed[queue]?.includes(outcomes[index] ?? ""));
  expect(strange).toEqual([]);
  expect(confirmed.length).toBeGreaterThan(0);
});
