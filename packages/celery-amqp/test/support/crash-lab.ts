import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContent, encodeTask, newTask, peekTask, type WireMessage } from "@leveret/celery-protocol";
import { taskQueue } from "@leveret/celery-protocol/routing";
import { onTestFinished } from "vitest";
import { type BrokerName, freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Delivery, Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import type { CreateWorkerOptions } from "../../src/worker/options/worker.ts";
import { supervise } from "./supervisor.ts";

const content = createContent();
const program = join(import.meta.dirname, "crashing-worker.ts");

/** A queue, and workers of `crashing-worker.ts` that are started again whenever they end. */
export interface CrashScene {
  readonly queue: string;
  readonly send: (task: string, ...args: readonly (string | number)[]) => Promise<void>;
  /** How often each task has begun, by its name. */
  readonly runs: () => Readonly<Record<string, number>>;
  readonly start: (workers: number) => void;
  /** The names of so many dead letters, in alphabetical order, when nothing else is left to be done. */
  readonly dead: (count: number) => Promise<readonly string[]>;
}

/** A vhost of its own for such scenes. */
export interface CrashLab {
  readonly outside: Transport;
  readonly prepare: (type: "classic" | "quorum", options: Partial<CreateWorkerOptions>) => Promise<CrashScene>;
  readonly close: () => Promise<void>;
}

/** So many names, in alphabetical order. */
export function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(2, "0")}`);
}

export async function createCrashLab(broker: BrokerName): Promise<CrashLab> {
  const vhost = await freshVhost(broker);
  const outside = createAmqpTransport({ url: vhost.url });
  await outside.connect();

  async function prepare(type: "classic" | "quorum", options: Partial<CreateWorkerOptions>): Promise<CrashScene> {
    const queue = `q-${randomUUID()}`;
    const folder = mkdtempSync(join(tmpdir(), "leveret-crash-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const notes = join(folder, "notes");
    writeFileSync(notes, "");
    const declared = type === "quorum" ? { name: queue, type } : queue;
    await outside.declare(taskQueue(queue, type === "quorum" ? { queueType: "quorum" } : {}));
    return {
      queue,
      send: async (task, ...args) => {
        const id = String(args[0]);
        const message = encodeTask(newTask({ id, task, args }), content);
        await outside.publisher.publish(message, { exchange: "", routingKey: queue });
      },
      runs: () => {
        const counts: Record<string, number> = {};
        for (const name of readFileSync(notes, "utf8").split("\n").filter(Boolean))
          counts[name] = (counts[name] ?? 0) + 1;
        return counts;
      },
      start: (workers) => {
        const args = [vhost.url, JSON.stringify(declared), notes, JSON.stringify(options)];
        const supervisor = supervise(workers, program, args);
        onTestFinished(() => supervisor.stop());
      },
      dead: async (count) => {
        const waiting = async (name: string): Promise<number> => (await outside.inspectQueue(name))?.messageCount ?? 0;
        await eventually("the dead letters", async () => (await waiting(`${queue}.dead`)) >= count);
        await eventually("the queue is empty", async () => (await waiting(queue)) === 0);
        const letters: WireMessage[] = [];
        const subscription = await outside.subscribe(
          { queue: `${queue}.dead`, prefetch: 0 },
          ({ message }: Delivery) => void letters.push(message),
        );
        await eventually("all were read", () => letters.length >= count);
        await subscription.cancel({ giveBack: true });
        return letters.map((letter) => peekTask(letter).id ?? "").toSorted();
      },
    };
  }

  return {
    outside,
    prepare,
    close: async () => {
      await outside.close();
      await vhost.remove();
    },
  };
}
