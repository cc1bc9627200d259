import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CallOptions } from "./call-options.ts";
import type { TaskOptions } from "./options.ts";
import type { TaskPolicy } from "./policy.ts";

/** Any handler, whatever its arguments: `(context, ...args)`. */
export type AnyHandler = (...args: never) => unknown;

/** A task without its types: what a registry keeps and a worker runs. */
export interface TaskDefinition {
  /** Distinguishes a task from other values. */
  readonly kind: "task";
  /** The registered name, the same on both sides and in every language. */
  readonly name: string;
  /** How arguments travel: as a list, or one object as keyword arguments; `message` leaves that to the handler. */
  readonly passing: "positional" | "keyword" | "message";
  /** Names of the arguments by position, by which callers may hand them as keywords; null where they cannot. */
  readonly parameters: readonly string[] | null;
  /** Checks the argument list (positional) or the object (keyword); null where nothing is known. */
  readonly accepts: StandardSchemaV1 | null;
  /** Checks the returned value; null where nothing is known. */
  readonly returns: StandardSchemaV1 | null;
  /** The task's own options, before any defaults. */
  readonly own: TaskOptions;
  /** How a worker treats it. */
  readonly policy: TaskPolicy;
  /** What each call starts from: the task's own options and those of `with`. */
  readonly options: CallOptions;
  /** Null where the handler lives elsewhere: in a worker's `implement`, or in another language. */
  readonly run: AnyHandler | null;
}

declare const types: unique symbol;

/** A task with the types of its calls: what a sender asks for. `A` are the arguments a caller gives, `R` is what it gets. */
export interface TypedTask<A extends readonly unknown[], R> extends TaskDefinition {
  /** Only for the compiler; never there. */
  readonly [types]?: { readonly args: (...args: A) => void; readonly result: R };
}

declare const handler: unique symbol;

/** A task without a handler: a worker gets one of type `Run` by `implement`, or another program runs the task. */
export interface OpenTask<Run extends AnyHandler> extends TaskDefinition {
  /** Null: the handler is elsewhere. */
  readonly run: null;
  /** Only for the compiler; never present. */
  readonly [handler]?: Run;
}
