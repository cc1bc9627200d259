import {
  deadQueue,
  type HeaderTable,
  isOfDeath,
  matchesGlob,
  peekTask,
  republishable,
  type WireMessage,
  withoutHeaders,
} from "@leveret/celery-protocol";

/** What a message in a dead queue says of itself. */
export interface DeadLetter {
  readonly id: string | null;
  readonly task: string | null;
  /** Why it is there: `undecodable`, `unregistered`, …; RabbitMQ's word where the broker put it there. */
  readonly reason: string | null;
  readonly error: string | null;
  readonly traceback: string | null;
  readonly attempts: number | null;
  /** The worker that gave up. */
  readonly worker: string | null;
  /** When it did, ISO 8601. */
  readonly time: string | null;
  /** The queue it was taken from, and goes back to. */
  readonly queue: string;
  readonly bytes: number;
}

/** Which dead letters are meant; what is left out does not matter. */
export interface Selection {
  readonly ids?: readonly string[] | undefined;
  /** Name of the task; `*` and `?` stand for other characters. */
  readonly task?: string | undefined;
  readonly reason?: string | undefined;
}

const suffix = ".dead";

/** Name of the dead queue of a queue; a dead queue's own name stands for itself. */
export function deadQueueName(queue: string): string {
  return queue.endsWith(suffix) ? queue : deadQueue(queue).queue;
}

/** Reads the headers that workers add, else those that RabbitMQ adds to what it dead-letters itself. Never throws. */
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

/** Whether a dead letter is among those that are meant. */
export function isSelected({ id, task, reason }: DeadLetter, selection: Selection): boolean {
  if (selection.ids !== undefined && (id === null || !selection.ids.includes(id))) return false;
  if (selection.task !== undefined && (task === null || !matchesGlob(task, selection.task))) return false;
  return selection.reason === undefined || selection.reason === reason;
}

/** Whether a selection leaves none out. */
export function isEverything({ ids, task, reason }: Selection): boolean {
  return ids === undefined && task === undefined && reason === undefined;
}

/**
 * The message as it was before it died: without why it did, and without counts of its deliveries, by which the next worker
 * would give it up at once.
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
