import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createTcpProxy } from "@leveret/test-support/tcp-proxy";

/** What a process holds. */
export interface Holdings {
  readonly heapBytes: number;
  /** Listeners on the process itself, all events together. */
  readonly processListeners: number;
  /** Timers, sockets and the like that are alive. */
  readonly resources: number;
}

/** What became of a run. */
export interface SoakReport {
  readonly reconnects: number;
  readonly delivered: number;
  readonly seconds: number;
  /** After the first tenth, when everything has been used once. */
  readonly early: Holdings;
  readonly late: Holdings;
  /** Of the process, such as those about too many listeners. */
  readonly warnings: readonly string[];
}

/** Resets both connections of a transport as fast as they come back, with a message that must pass in between. */
export async function soak(rounds: number): Promise<SoakReport> {
  const warnings: string[] = [];
  const onWarning = (warning: Error): number => warnings.push(warning.message);
  process.on("warning", onWarning);
  const vhost = await freshVhost();
  const proxy = await createTcpProxy(vhost.url);
  const backoff = { min: "1ms", max: "5ms", stable: "1ms" } as const;
  const transport = createAmqpTransport({ url: proxy.url, backoff });
  const seen = new Set<string>();
  try {
    await transport.connect();
    const queue = { name: "q", durable: true, autoDelete: false, exclusive: false };
    const topology = { exchanges: [], queues: [queue], bindings: [] };
    await transport.subscribe({ queue: "q", prefetch: 10, topology }, (delivery) => {
      seen.add(delivery.message.properties.correlationId ?? "");
      delivery.ack();
    });
    const startedAt = Date.now();
    let early = holdings();
    for (let round = 0; round < rounds; round++) {
      proxy.cut();
      const message = { headers: {}, properties: { correlationId: String(round) }, body: Buffer.alloc(100) };
      await transport.publisher.publish(message, { exchange: "", routingKey: "q" });
      await eventually("it is delivered", () => seen.has(String(round)));
      await eventually("both connections are up", () => transport.state === "open");
      if (round === Math.floor(rounds / 10)) early = holdings();
    }
    const seconds = (Date.now() - startedAt) / 1000;
    return { reconnects: rounds, delivered: seen.size, seconds, early, late: holdings(), warnings };
  } finally {
    process.off("warning", onWarning);
    await transport.close();
    await proxy.close();
    await vhost.remove();
  }
}

function holdings(): Holdings {
  collectGarbage();
  const listeners = process.eventNames().map((name) => process.listenerCount(name));
  return {
    heapBytes: process.memoryUsage().heapUsed,
    processListeners: listeners.reduce((sum, count) => sum + count, 0),
    resources: process.getActiveResourcesInfo().length,
  };
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // Weak references and finalizers are only gone after a second one.
  collect();
  collect();
}
