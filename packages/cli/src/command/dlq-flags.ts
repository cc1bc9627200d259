import type { Delivery, Transport } from "@leveret/celery-amqp";
import {
  type DeadLetter,
  deadQueueName,
  isEverything,
  isSelected,
  readDeadLetter,
  type Selection,
} from "../dead-letters/dead-letter.ts";
import { mostHeld, sift, type Taken } from "../dead-letters/sift.ts";
import type { CommonOptions } from "../reading/broker.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Agreement } from "./agreed.ts";

/** The parsed flags of `leveret dlq …`. */
export interface DlqFlags extends CommonOptions, Agreement {
  readonly queues?: readonly string[];
  readonly id?: readonly string[];
  readonly task?: string;
  readonly reason?: string;
  readonly limit?: number;
  readonly to?: string;
}

/** An existing dead queue, with its number of messages. */
export interface DeadQueue {
  readonly name: string;
  readonly total: number;
}

/** The existing dead queues that the flags name. */
export async function deadQueues(
  transport: Transport,
  { queues = ["celery"] }: DlqFlags,
): Promise<readonly DeadQueue[]> {
  const found: DeadQueue[] = [];
  for (const name of new Set(queues.map(deadQueueName))) {
    const info = await transport.inspectQueue(name);
    if (info !== null) found.push({ name, total: info.messageCount });
  }
  return found;
}

/** The selection of the flags. */
export function selectionOf({ id, task, reason }: DlqFlags): Selection {
  return { ids: id, task, reason };
}

/** The action on each selected dead letter. */
export interface Pass {
  readonly transport: Transport;
  readonly queue: DeadQueue;
  readonly flags: DlqFlags;
  /** Most dead letters. */
  readonly limit: number;
  readonly terminal: Terminal;
  readonly act: (letter: DeadLetter, delivery: Delivery) => Taken | Promise<Taken>;
}

/** Prefetch count where each message is settled soon. */
const window = 200;

/** Iterates over a dead queue once, as far as the flags need. Resolves with the number of selected dead letters. */
export async function eachDeadLetter({ transport, queue, flags, limit, terminal, act }: Pass): Promise<number> {
  if (limit <= 0) return 0;
  const selection = selectionOf(flags);
  let acted = 0;
  await sift(transport, {
    queue: queue.name,
    total: isEverything(selection) ? Math.min(queue.total, limit) : queue.total,
    prefetch: isEverything(selection) ? Math.min(window, limit) : mostHeld,
    signal: terminal.interrupted,
    take: (delivery) => {
      const letter = readDeadLetter(delivery.message, queue.name);
      if (!isSelected(letter, selection)) return "keep";
      if (acted >= limit) return "stop";
      acted += 1;
      return act(letter, delivery);
    },
  });
  return acted;
}
