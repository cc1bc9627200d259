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

/** The flags of `leveret dlq …`, read. */
export interface DlqFlags extends CommonOptions, Agreement {
  readonly queues?: readonly string[];
  readonly id?: readonly string[];
  readonly task?: string;
  readonly reason?: string;
  readonly limit?: number;
  readonly to?: string;
}

/** A dead queue that is there, and how much it holds. */
export interface DeadQueue {
  readonly name: string;
  readonly total: number;
}

/** The dead queues that flags name; those that were never needed are not there. */
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

/** Which dead letters the flags mean. */
export function selectionOf({ id, task, reason }: DlqFlags): Selection {
  return { ids: id, task, reason };
}

/** What is done with each dead letter that is meant. */
export interface Pass {
  readonly transport: Transport;
  readonly queue: DeadQueue;
  readonly flags: DlqFlags;
  /** How many at most. */
  readonly limit: number;
  readonly terminal: Terminal;
  readonly act: (letter: DeadLetter, delivery: Delivery) => Taken | Promise<Taken>;
}

/** Messages under way at once, where each is settled before long. */
const window = 200;

/** Goes through a dead queue once, and through no more of it than the flags need. Resolves to how many it acted on. */
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
