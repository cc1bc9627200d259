import {
  createContent,
  decodeTask,
  type ResultMeta,
  type TaskMessage,
  type WireMessage,
} from "@leveret/celery-protocol";
import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import { onTestFinished } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { createClient, type CreateClientOptions } from "../../src/index.ts";
import { PerTaskQueueStore } from "../../src/results/per-task-queue.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { createReplyStore } from "../../src/results/reply-store.ts";
import { RpcStore } from "../../src/results/rpc/rpc-store.ts";
import { createFakeClock, type FakeClock } from "../../src/testing/fake-clock.ts";
import { createMemoryBroker, type MemoryBroker } from "../../src/testing/memory-broker.ts";
import { createMemoryTransport } from "../../src/testing/memory-transport.ts";

const content = createContent();

/** A broker in memory, clients on it, and peers that answer what a test tells them to. */
export interface Lab {
  readonly broker: MemoryBroker;
  readonly clock: FakeClock;
  client(options?: CreateClientOptions): Client;
  declare(topology: BrokerTopology): Promise<void>;
  /** Takes each task of a queue and stores the states that `answer` gives. */
  serve(queue: string, answer: (task: TaskMessage) => readonly ResultMeta[]): Promise<TaskMessage[]>;
  /** The messages that wait in a queue, decoded. */
  tasks(queue: string): readonly TaskMessage[];
  messages(queue: string): readonly WireMessage[];
}

export function createLab(): Lab {
  const clock = createFakeClock();
  const broker = createMemoryBroker({ clock });
  return {
    broker,
    clock,
    client(options = {}) {
      const client = createClient({ transport: createMemoryTransport({ broker }), clock, ...options });
      onTestFinished(() => client.close());
      return client;
    },
    async declare(topology) {
      const transport = createMemoryTransport({ broker });
      await transport.connect();
      await transport.declare(topology);
      await transport.close();
    },
    async serve(queue, answer) {
      const transport = createMemoryTransport({ broker });
      onTestFinished(() => transport.close());
      await transport.connect();
      const parts = { transport, content };
      const store = createReplyStore({
        rpc: new RpcStore({ ...parts, clock, logger: new RecordingLogger() }),
        perTask: new PerTaskQueueStore(parts),
      });
      const topology = {
        exchanges: [],
        bindings: [],
        queues: [{ name: queue, durable: true, autoDelete: false, exclusive: false }],
      };
      const taken: TaskMessage[] = [];
      await transport.subscribe({ queue, prefetch: 0, topology }, (delivery) => {
        const task = decodeTask(delivery.message, content);
        taken.push(task);
        delivery.ack();
        void (async () => {
          for (const meta of answer(task)) await store.store(meta, task);
        })();
      });
      return taken;
    },
    tasks: (queue) => broker.messages(queue).map((message) => decodeTask(message, content)),
    messages: (queue) => broker.messages(queue),
  };
}

const base = { traceback: null, children: [], dateDone: null, extra: {} };

export function success({ id }: { readonly id: string }, result: unknown): ResultMeta {
  return { ...base, taskId: id, status: "SUCCESS", result: result as never };
}

export function failure(
  { id }: { readonly id: string },
  type: string,
  args: readonly string[],
  module: string | null = "builtins",
): ResultMeta {
  return { ...base, taskId: id, status: "FAILURE", traceback: "Traceback …", exception: { type, module, args } };
}

export function revoked({ id }: { readonly id: string }, reason: string): ResultMeta {
  return {
    ...base,
    taskId: id,
    status: "REVOKED",
    exception: { type: "TaskRevokedError", module: "celery.exceptions", args: [reason] },
  };
}

export function state({ id }: { readonly id: string }, name: string, result: unknown): ResultMeta {
  return { ...base, taskId: id, status: "OTHER", state: name, result: result as never };
}

/** What a promise is rejected with; undefined when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}
