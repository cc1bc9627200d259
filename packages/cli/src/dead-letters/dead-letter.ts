import { type HeaderTable, peekTask, type WireMessage } from "@leveret/celery-protocol";
import { deadQueue, matchesGlob } from "@leveret/celery-protocol/routing";
import { isOfDeath, republishable, withoutHeaders } from "@leveret/celery-protocol/wire";

/** The fields of a message in a dead queue. */
export interface DeadLetter {
  readonly id: string | null;
  readonly task: string | null;
  /** Reason: `undecodable`, `unregistered`, …; RabbitMQ's reason where the broker dead-lettered it. */
  readonly reason: string | null;
  readonly error: string | null;
  readonly traceback: string | null;
  readonly attempts: number | null;
  /** The worker that dead-lettered it. */
  readonly worker: string | null;
  /** Time of the dead-lettering, ISO 8601. */
  readonly time: string | null;
  /** Its original queue, to which it is redriven. */
  readonly queue: string;
  readonly bytes: number;
}

/** Criteria for dead letters; absent ones match all. */
export interface Selection {
  readonly ids?: readonly string[] | undefined;
  /** Name of the task; `*` and `?` are wildcards. */
  readonly task?: string | undefined;
  readonly reason?: string | undefined;
}

const suffix = ".dead";

/** Name of the dead queue of a queue; a dead queue's name is returned unchanged. */
export function deadQueueName(queue: string): string {
  return queue.endsWith(suffix) ? queue : deadQueue(queue).queue;
}

/** Reads the headers that workers set, else those that RabbitMQ sets on messages that it dead-letters. Never throws. */
export function readDeadLetter(message: WireMessage, from: string): DeadLetter {
  const { headers, body } = message;
  const { id, task } = peekTask(message);
  return {
    id,
    task,
    reason: text(headers, "x-leveret-reason") ?? text(headers, "x-first-death-reason"),
    error: text(headers, "x-leveret-error"),
    traceback: text(headers, "x-leveret-traceback"),
    attempts: number(headers, "x-leveret-attempts"),
    worker: text(headers, "x-leveret-worker"),
    time: text(headers, "x-leveret-time"),
    queue: text(headers, "x-leveret-queue") ?? text(headers, "x-first-death-queue") ?? workQueue(from),
    bytes: body.length,
  };
}

function workQueue(deadName: string): string {
  return deadName.endsWith(suffix) ? deadName.slice(0, -suffix.length) : deadName;
}

/** Whether a selection matches a dead letter. */
export function isSelected({ id, task, reason }: DeadLetter, selection: Selection): boolean {
  if (selection.ids !== undefined && (id === null || !selection.ids.includes(id))) return false;
  if (selection.task !== undefined && (task === null || !matchesGlob(task, selection.task))) return false;
  return selection.reason === undefined || selection.reason === reason;
}

/** Whether a selection matches all dead letters. */
export function isEverything({ ids, task, reason }: Selection): boolean {
  return ids === undefined && task === undefined && reason === undefined;
}

/**
 * The message as it was before it was dead-lettered: without the headers of the reason, and without delivery counts,
 * which would dead-letter it again at once.
 */
export function revived(message: WireMessage): WireMessage {
  const { headers, properties, body } = republishable(message);
  return { headers: withoutHeaders(headers, ofItsDeath), properties, body };
}

function ofItsDeath(header: string): boolean {
  return header.startsWith("x-leveret-") || isOfDeath(header);
}

function text(headers: HeaderTable, name: string): string | null {
  const value = headers[name];
  return typeof value === "string" ? value : null;
}

function number(headers: HeaderTable, name: string): number | null {
  const value = headers[name];
  return typeof value === "number" ? value : null;
}
