import { type CallOptions, mergeOptions } from "./call-options.ts";
import type { TaskDefinition } from "./task.ts";

declare const types: unique symbol;

/**
 * A call not yet made, by `task.s(…)`. `Missing` are the parameters that the step before will supply, `R` is the result.
 * It is a value: sending it twice sends two tasks.
 */
export interface Signature<Missing extends readonly unknown[], R> {
  readonly kind: "signature";
  readonly task: TaskDefinition;
  /** Arguments as the caller gave them, the first ones missing where `Missing` says so. */
  readonly args: readonly unknown[];
  /** The task's options with those of `with` on top. */
  readonly options: CallOptions;
  /** True: the result of the step before is not handed in. */
  readonly immutable: boolean;
  /** The same call with other options on top. */
  with(options: CallOptions): Signature<Missing, R>;
  /** Only for the compiler; never there. */
  readonly [types]?: { readonly missing: (...missing: Missing) => void; readonly result: R };
}

/** Makes the value behind `task.s(…)` and `task.si(…)`. */
export function createSignature<Missing extends readonly unknown[], R>(
  task: TaskDefinition,
  args: readonly unknown[],
  options: CallOptions,
  immutable: boolean,
): Signature<Missing, R> {
  return Object.freeze({
    kind: "signature",
    task,
    args: Object.freeze([...args]),
    options,
    immutable,
    with: (more: CallOptions) => createSignature<Missing, R>(task, args, mergeOptions(options, more), immutable),
  } satisfies Signature<Missing, R>);
}
