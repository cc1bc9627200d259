import type { Address, TaskMessage } from "@leveret/celery-protocol";
import {
  delayedAddress,
  delayedBindings,
  MAX_DELAY_SECONDS,
  type BindingDeclaration,
  type TaskQueueOptions,
} from "@leveret/celery-protocol/routing";

/** Tasks due within this time wait in memory, others in the delay queues. */
const heldUnderMs = 2_000;

/** A message comes back this much before it is due at the least: its hops take time too. */
const earlyMs = 500;

/** When a waiting task is checked again: at its eta, or before it when it expires, for then it never runs. */
export function dueAt({ eta, expires }: TaskMessage): number {
  if (eta === null) return 0;
  return expires === null ? eta.epochMs : Math.min(eta.epochMs, expires.epochMs);
}

/**
 * For how many seconds the broker is to keep a task, null for one that waits here or not at all. What is longer than 28
 * bits can express takes several rounds.
 */
export function parkingSeconds(task: TaskMessage, now: number): number | null {
  return parkingSecondsUntil(dueAt(task), now);
}

/** The same for one that is to come back at a time of our own. */
export function parkingSecondsUntil(at: number, now: number): number | null {
  const waitMs = at - now;
  if (waitMs <= heldUnderMs) return null;
  return Math.min(Math.trunc((waitMs - earlyMs) / 1000), MAX_DELAY_SECONDS);
}

/**
 * What leads from the end of the delay back to a queue, and to that queue alone: a message that others of its exchange
 * have had already must not come to them again. The last word keeps it apart from the `#.<key>` that Celery binds.
 */
export function parkingBindings(queue: string): readonly BindingDeclaration[] {
  return delayedBindings({ queue, exchange: "", exchangeType: "direct", routingKey: keyOf(queue) });
}

/**
 * The bindings by which delayed messages of Celery's clients reach a queue: only for quorum queues, and only for exchanges
 * that are not direct. Source: celery/worker/consumer/delayed_delivery.py.
 */
export function celerysBindings(queue: string, declaration: TaskQueueOptions = {}): readonly BindingDeclaration[] {
  const { exchange = queue, exchangeType = "direct", routingKey = queue, queueType, arguments: table } = declaration;
  const isQuorum = (table?.["x-queue-type"] ?? queueType) === "quorum";
  if (!isQuorum || exchangeType === "direct") return [];
  return delayedBindings({ queue, exchange, exchangeType, routingKey });
}

/**
 * Where to publish what is to come back to `queue` in that time: at the level of the highest bit, where Celery publishes
 * at the top. Each level passed by costs the broker, and there are sixteen of them above an hour.
 */
export function parkingAddress(queue: string, seconds: number): Address {
  const { routingKey } = delayedAddress(seconds, keyOf(queue));
  return { exchange: `celery_delayed_${Math.floor(Math.log2(seconds))}`, routingKey };
}

/** A name that a topic exchange would read as a pattern, or that is too long beside the delay, cannot be bound there. */
export function isParkable(queue: string): boolean {
  const hasWildcard = queue.split(".").some((word) => word === "*" || word === "#");
  return !hasWildcard && new TextEncoder().encode(parkingAddress(queue, 1).routingKey).length <= longestRoutingKey;
}

/** AMQP 0-9-1 section 4.2.5.3: a short string holds 255 bytes. */
const longestRoutingKey = 255;

function keyOf(queue: string): string {
  return `${queue}.leveret`;
}
