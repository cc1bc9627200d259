import type { Tree } from "@leveret/celery-protocol";
import type { Given, Parameters } from "./arguments.ts";
import type { ControlledWorker } from "./controlled-worker.ts";

/** The reply of a command; null is none, as in Python. */
export type Answer = Tree | object | void;

/** One command of remote control. */
export interface Command extends Parameters {
  /** What it throws is answered as `{"error": …}`. */
  readonly run: (given: Given, worker: ControlledWorker) => Answer | Promise<Answer>;
  /** Never answers. */
  readonly isSilent?: boolean;
}

/** Commands by name. */
export type Panel = ReadonlyMap<string, Command>;

/** It went well. */
export function ok<Value>(value: Value): { readonly ok: Value } {
  return { ok: value };
}

/** It could not be done, for a reason that Celery's worker gives in the same words. */
export function failed(error: string): { readonly error: string } {
  return { error };
}
