import type { WireSignature, Tree } from "@leveret/celery-protocol";
import type { RetryChanges } from "../../task/policy.ts";
import type { Failure } from "./failure.ts";

/** The end of a run, reported by the pool and settled by `settle`. It is serialized between processes. */
export type Outcome = Run & Ending;

/** What a chord came to: the results of its header, or why it failed. */
export type ChordEnd = { readonly results: readonly Tree[] } | { readonly error: string };

/** Fields of each outcome. */
export interface Run {
  /** Result tuples of the tasks that the run sent. */
  readonly children: readonly Tree[];
  /** From the first line of the handler to the last, in milliseconds. */
  readonly runtimeMs: number;
}

/** How a run ended, discriminated by `kind`. */
export type Ending =
  | { readonly kind: "succeeded"; readonly result: Tree }
  /** The handler threw; `retryable` is the answer of the task's `retry.when` for the error. */
  | { readonly kind: "failed"; readonly failure: Failure; readonly retryable: boolean }
  /** The arguments do not pass the task's schema, so the handler was not called. */
  | { readonly kind: "invalid"; readonly failure: Failure }
  /** The broker or the result backend refuses for good what follows from the run, and the task is not the cause. */
  | { readonly kind: "refused"; readonly failure: Failure }
  /** The task asked to run again; `delayMs` null takes its policy, `cause` null is "no error of its own". */
  | {
      readonly kind: "retry";
      readonly delayMs: number | null;
      readonly cause: Failure | null;
      readonly traceback: string | null;
      /** Absent where the next message has no changes. */
      readonly changes?: RetryChanges;
    }
  /** The task asked to run again, not counted as an attempt. */
  | { readonly kind: "snoozed"; readonly delayMs: number }
  | { readonly kind: "ignored" }
  /** The task is replaced by another call. */
  | { readonly kind: "replaced"; readonly by: WireSignature }
  /** `celery.chord_unlock` found the header of a chord at its end. */
  | { readonly kind: "chord-ended"; readonly body: WireSignature; readonly end: ChordEnd }
  /** The task gave its message back; `reason` is null where it named none, and only where it is not requeued. */
  | { readonly kind: "rejected"; readonly requeue: boolean; readonly reason?: string | null }
  /** The hard limit passed. */
  | { readonly kind: "timed-out"; readonly limitMs: number }
  /** Stopped by a revoke with terminate. */
  | { readonly kind: "terminated" }
  /** The process or thread that ran it is gone. */
  | { readonly kind: "worker-lost"; readonly reason: string }
  /** The worker is stopping and did not wait for it. */
  | { readonly kind: "interrupted" };
