import type { Budget, WireSignature, Tree } from "@leveret/celery-protocol";
import type { AppliedChord, WireRoute, Sending } from "@leveret/celery-protocol/canvas";
import type { LogFields, Logger } from "../../../ports/logger.ts";
import type { SendOptions } from "../../../send/destination.ts";
import type { RevokeTaskOptions } from "../../../task/sender.ts";

// The messages between parent and child. `Packed` is the result of `pack`; all other fields are plain.

/** A value made by `pack`. */
export type Packed = unknown;

/** Where a child finds its tasks. */
export interface PoolModule {
  /** URL of the module. */
  readonly url: string;
  /** The exports that are its tasks; null takes every export that is one. */
  readonly exports: readonly string[] | null;
}

/** The settings of the worker that a child needs. */
export interface ChildSettings {
  /** Its node name. */
  readonly origin: string;
  /** What one call may cause. */
  readonly budget: Budget;
  /** Parts of chords are counted. */
  readonly countsChords: boolean;
  /** Tasks that a task sends inherit its priority unless they have one. */
  readonly inheritsPriority: boolean;
}

/**
 * The readers of the result of a run. `caller`: a store, or a task that follows, so that a result that cannot be carried fails
 * the task; `watchers`: listeners, monitors and interceptors of the worker, which get as much of it as can be shown;
 * `none`: it is not read.
 */
export type ResultFor = "caller" | "watchers" | "none";

/** From the parent. `run` numbers the runs of a pool, for one task may run twice at once. */
export type ToChild =
  | { readonly type: "load"; readonly module: PoolModule; readonly settings: ChildSettings }
  | { readonly type: "run"; readonly run: number; readonly job: Packed; readonly resultFor: ResultFor }
  | { readonly type: "abort"; readonly run: number; readonly reason: Packed }
  | { readonly type: "answer"; readonly question: number; readonly value: Packed }
  | { readonly type: "refusal"; readonly question: number; readonly error: Packed }
  | { readonly type: "state"; readonly watch: number; readonly meta: Packed }
  | { readonly type: "lost"; readonly watch: number; readonly error: Packed }
  /** No more runs: end. */
  | { readonly type: "close" };

/** From a child. */
export type FromChild =
  | { readonly type: "ready"; readonly tasks: readonly string[] }
  /** The module cannot be used. */
  | { readonly type: "failed"; readonly error: Packed }
  /** `memoryBytes` is what the child holds now. */
  | { readonly type: "done"; readonly run: number; readonly ending: Packed; readonly memoryBytes: number }
  | { readonly type: "ask"; readonly run: number; readonly question: number; readonly about: Packed }
  | { readonly type: "watch"; readonly watch: number; readonly taskId: string }
  | { readonly type: "unwatch"; readonly watch: number }
  | {
      readonly type: "log";
      readonly run: number;
      readonly level: keyof Logger;
      readonly message: string;
      readonly fields: LogFields | undefined;
    }
  /** Thrown outside of a handler; the child ends right after. */
  | { readonly type: "crashed"; readonly error: Packed };

/** The parent's answer for a call that a child wants to send. */
export interface Routed {
  /** The routes of the names that were asked for, in their order. */
  readonly routes: readonly WireRoute[];
  /** Queue for its result. */
  readonly replyTo: string | null;
}

/** What a running task asks of its worker. */
export type Question =
  /** Answered by a `Routed`: the routes of the named tasks, and where the result of `taskId` is awaited. */
  | { readonly about: "routes"; readonly taskId: string; readonly names: readonly string[] }
  | { readonly about: "prepare"; readonly taskId: string }
  | {
      readonly about: "send";
      readonly sending: Sending;
      readonly options: SendOptions;
      readonly children: readonly Tree[];
    }
  | { readonly about: "forget"; readonly taskId: string }
  | { readonly about: "revoke"; readonly taskId: string; readonly options: RevokeTaskOptions }
  | { readonly about: "apply-chord"; readonly chord: AppliedChord }
  | { readonly about: "set-chord-size"; readonly groupId: string; readonly size: number }
  /** Answered by the result tuples of what was sent. */
  | { readonly about: "add-to-chord"; readonly call: WireSignature }
  | { readonly about: "event"; readonly type: string; readonly fields: Readonly<Record<string, Tree>> }
  | { readonly about: "state"; readonly state: string; readonly meta: unknown };
