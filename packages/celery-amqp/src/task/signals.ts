import type { WireSignature, Tree } from "@leveret/celery-protocol";
import type { RetryChanges } from "./policy.ts";

// What a handler may throw to steer the worker instead of failing. `ctx.retry()` and its like throw these; they are
// values with names, so that they survive a process border.

/** Run me again: counts as an attempt. Source: celery/app/task.py `Task.retry`. */
export class RetrySignal extends Error {
  override readonly name = "Retry";
  /** Milliseconds to wait; null takes the task's policy. */
  readonly delayMs: number | null;
  /** Fields that the next message replaces; absent for none. */
  readonly changes?: RetryChanges;

  constructor(delayMs: number | null, cause?: unknown, changes?: RetryChanges) {
    super(describeWait(delayMs, changes?.etaMs ?? null), cause === undefined ? undefined : { cause });
    this.delayMs = delayMs;
    if (changes !== undefined) this.changes = changes;
  }
}

function describeWait(delayMs: number | null, etaMs: number | null): string {
  if (etaMs !== null) return `Retry at ${new Date(etaMs).toISOString()}`;
  return delayMs === null ? "Retry" : `Retry in ${delayMs / 1000}s`;
}

/** Not now: run me again later, no attempt counted. */
export class SnoozeSignal extends Error {
  override readonly name = "Snooze";
  readonly delayMs: number;

  constructor(delayMs: number) {
    super(`Snooze for ${delayMs / 1000}s`);
    this.delayMs = delayMs;
  }
}

/** Done, and nothing to store: Celery's `Ignore`. */
export class IgnoreSignal extends Error {
  override readonly name = "Ignore";

  constructor() {
    super("Ignore");
  }
}

/** Replace this task by a call with its id: Celery's `replace`. */
export class ReplaceSignal extends Error {
  override readonly name = "Replace";
  readonly by: WireSignature;

  constructor(by: WireSignature) {
    super(`Replaced by ${by.task}`);
    this.by = by;
  }
}

/** The parts of a chord are all there, or one of them is not good: what `celery.chord_unlock` ends in. */
export class ChordEndSignal extends Error {
  override readonly name = "ChordEnd";
  readonly body: WireSignature;
  readonly outcome: ChordEnd;

  constructor(body: WireSignature, outcome: ChordEnd) {
    super(`The chord before ${body.task} has ended`);
    this.body = body;
    this.outcome = outcome;
  }
}

/** What a chord came to: the results of its header, or why it failed. */
export type ChordEnd = { readonly results: readonly Tree[] } | { readonly error: string };

/** Hand the message back to the broker: Celery's `Reject`. */
export class RejectSignal extends Error {
  override readonly name = "Reject";
  readonly requeue: boolean;
  /** The reason for the caller, where it is not requeued; null for none. */
  readonly reason: string | null;

  constructor(requeue: boolean, reason: string | null = null) {
    super(requeue ? "Reject and requeue" : "Reject");
    this.requeue = requeue;
    this.reason = reason;
  }
}
