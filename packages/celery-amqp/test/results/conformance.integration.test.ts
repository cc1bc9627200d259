import { randomUUID } from "node:crypto";
import { createContent } from "@leveret/celery-protocol";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { PerTaskQueueSource } from "../../src/results/per-task-queue-source.ts";
import { PerTaskQueueStore } from "../../src/results/per-task-queue.ts";
import { RabbitChords } from "../../src/results/rabbit-chords.ts";
import { RpcSource } from "../../src/results/rpc/rpc-source.ts";
import { RpcStore } from "../../src/results/rpc/rpc-store.ts";
import { systemClock, systemIds } from "../../src/system/clock.ts";
import { resultConformance, type ResultCase, type ResultSides } from "../../src/testing.ts";

const content = createContent();
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const limits = { maxResults: 10_000, maxBytes: 64_000_000 };

/** Runs a case, each of its connections by a transport of its own. */
async function runOn(
  run: ResultCase["run"],
  sidesOn: (transport: Transport) => ResultSides,
  url = inject("amqpUrl"),
): Promise<void> {
  const transports: Transport[] = [];
  const connect = async () => {
    const transport = createAmqpTransport({ url });
    transports.push(transport);
    await transport.connect();
    return sidesOn(transport);
  };
  try {
    await run({ connect });
  } finally {
    await Promise.all(transports.map((transport) => transport.close()));
  }
}

describe("results by a reply queue on RabbitMQ", () => {
  test.each(resultConformance("states"))("$name", async ({ run }) => {
    const sides = (transport: Transport): ResultSides => ({
      source: new RpcSource({ transport, content, logger, limits, queue: randomUUID() }),
      store: new RpcStore({ transport, content, clock: systemClock, logger }),
    });
    await expect(runOn(run, sides)).resolves.toBeUndefined();
  });
});

describe("results by a queue a task on RabbitMQ", () => {
  test.each(resultConformance())("$name", async ({ run }) => {
    const sides = (transport: Transport): ResultSides => ({
      source: new PerTaskQueueSource({ transport, content, logger, limits }),
      store: new PerTaskQueueStore({ transport, content }),
    });
    await expect(runOn(run, sides)).resolves.toBeUndefined();
  });
});

describe.each(brokersAtHand())("chords counted on RabbitMQ alone (%s)", (broker) => {
  const counting = resultConformance("chords").filter(({ needs }) => needs.includes("chords"));

  test.each(counting)("$name", async ({ run }) => {
    const vhost = await freshVhost(broker);
    onTestFinished(() => vhost.remove());
    const sides = (transport: Transport): ResultSides => {
      const rpc = new RpcStore({ transport, content, clock: systemClock, logger });
      return {
        source: new RpcSource({ transport, content, logger, limits, queue: randomUUID() }),
        store: {
          store: (meta, task) => rpc.store(meta, task),
          chords: new RabbitChords({ transport, content, ids: systemIds }),
          close: () => rpc.close(),
        },
      };
    };
    await expect(runOn(run, sides, vhost.url)).resolves.toBeUndefined();
  });
});
