import { randomUUID } from "node:crypto";
import { createContent } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { PerTaskQueueSource } from "../../src/results/per-task-queue-source.ts";
import { PerTaskQueueStore } from "../../src/results/per-task-queue.ts";
import { RabbitChords } from "../../src/results/rabbit-chords.ts";
import { RpcSource } from "../../src/results/rpc/rpc-source.ts";
import { RpcStore } from "../../src/results/rpc/rpc-store.ts";
import { systemClock, systemIds } from "../../src/system/clock.ts";
import {
  createMemoryBroker,
  createMemoryResults,
  createMemoryTransport,
  type MemoryBroker,
  resultConformance,
} from "../../src/testing.ts";

const content = createContent();
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const limits = { maxResults: 10_000, maxBytes: 64_000_000 };

async function connectTo(broker: MemoryBroker) {
  const transport = createMemoryTransport({ broker });
  await transport.connect();
  return transport;
}

describe("results in memory", () => {
  test.each(resultConformance("states", "memory", "chords", "groups"))("$name", async ({ run }) => {
    const results = createMemoryResults();
    const connect = async () => {
      const backend = results.connect();
      return { source: backend, store: backend };
    };
    await expect(run({ connect })).resolves.toBeUndefined();
  });
});

describe("results by a reply queue", () => {
  test.each(resultConformance("states"))("$name", async ({ run }) => {
    const broker = createMemoryBroker();
    const connect = async () => {
      const transport = await connectTo(broker);
      const source = new RpcSource({ transport, content, logger, limits, queue: randomUUID() });
      return { source, store: new RpcStore({ transport, content, clock: systemClock, logger }) };
    };
    await expect(run({ connect })).resolves.toBeUndefined();
  });
});

describe("results by a queue a task", () => {
  test.each(resultConformance())("$name", async ({ run }) => {
    const broker = createMemoryBroker();
    const connect = async () => {
      const transport = await connectTo(broker);
      const source = new PerTaskQueueSource({ transport, content, logger, limits });
      return { source, store: new PerTaskQueueStore({ transport, content }) };
    };
    await expect(run({ connect })).resolves.toBeUndefined();
  });
});

describe("chords counted on the broker alone", () => {
  test.each(resultConformance("states", "chords"))("$name", async ({ run }) => {
    const broker = createMemoryBroker();
    const connect = async () => {
      const transport = await connectTo(broker);
      const chords = new RabbitChords({ transport, content, ids: systemIds });
      const source = new RpcSource({ transport, content, logger, limits, queue: randomUUID() });
      const rpc = new RpcStore({ transport, content, clock: systemClock, logger });
      return { source, store: { store: rpc.store.bind(rpc), chords, close: () => transport.close() } };
    };
    await expect(run({ connect })).resolves.toBeUndefined();
  });
});
