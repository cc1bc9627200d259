import { encodeSignature, type WireSignature } from "@leveret/celery-protocol";
import { link, linkError, stamp, type Stamping, withOptions } from "@leveret/celery-protocol/canvas";
import { type CallOptions, type LinkedCall, mergeOptions, type types, type WrittenOptions } from "./call-options.ts";
import type { Duration } from "../ports/duration.ts";
import type { TaskRequest } from "./request.ts";
import type { TaskDefinition } from "./task.ts";
import { listOf, signatureOptions, toWireSignature } from "./wire-signature.ts";

/**
 * A call not yet made, by `task.s(…)`, `chain(…)`, `group(…)` and their like. `Missing` are the parameters that the step
 * before will supply, `R` is the result. It is a value: sending it twice sends it twice, and its methods give others.
 */
export interface Signature<Missing extends readonly unknown[], R> {
  /** Distinguishes a call from other values. */
  readonly kind: "signature";
  /** The task; of a chain, group, chord or map the one of Celery's by which these travel (`celery.chain`). */
  readonly task: TaskDefinition;
  /** Arguments of the caller, without the first ones in `Missing`. None for a composed signature. */
  readonly args: readonly unknown[];
  /** The task's options with those of `with` on top. */
  readonly options: CallOptions;
  /** True: the result of the step before is not handed in. */
  readonly immutable: boolean;
  /** What it is made of where it is more than the call of one task; null else. */
  readonly composed: Composed | null;
  /**
   * The same call with other options on top. Those of a group are for all its members, those of a chain for its first
   * step, those of a chord for header and body, as in Celery.
   *
   * @throws CeleryError `option-invalid` for a duration that is none, and for an option that a composed call cannot have
   */
  with<const Countdown extends Duration, const Expires extends Duration | Date>(
    options: WrittenOptions<R, Countdown, Expires>,
  ): this;
  /**
   * The same call, followed by `callback` when it succeeds: after the last step of a chain, after the body of a chord; the
   * first member of a group calls it, without its result. The callback gets the result, unless it was made by `si`.
   */
  link(callback: Signature<readonly [R], unknown>): this;
  /**
   * The same call, followed by `errback` when it fails: each step of a chain, each member of a group, the body of a chord.
   * The errback gets the id of the task that failed; one that takes more gets request, error and traceback.
   */
  linkError(errback: Errback): this;
  /** The same call with stamps on every task in it and on what is linked to them; a visitor gives each its own. */
  stamp(stamping: Stamping): this;
  /** The call as messages carry it: a task may hand it on in its arguments or its result, and others call it. */
  toJSON(): unknown;
  /** Only for the compiler; never there. */
  readonly [types]?: { readonly missing: (...missing: Missing) => void; readonly result: R };
}

/**
 * What a failure calls: a call that takes the id of the failed task, or nothing; or one that takes the request of the failed
 * task, its error and the traceback, where it is a task of the worker that meets the failure.
 */
export type Errback =
  | Signature<readonly [taskId: string], unknown>
  | Signature<readonly [request: TaskRequest, error: Error, traceback: string | null], unknown>;

/** Any signature, whatever it lacks and gives. */
export type AnySignature = Signature<never, unknown>;

/** A call that is more than one task, or more than a task's own options. */
export interface Composed {
  /** As messages carry it. */
  readonly signature: WireSignature;
  /** The tasks in it, by whose schemas results are checked. */
  readonly tasks: readonly TaskDefinition[];
}

/** Makes the value behind `task.s(…)` and `task.si(…)`. */
export function createSignature<Missing extends readonly unknown[], R>(
  task: TaskDefinition,
  args: readonly unknown[],
  options: CallOptions,
  immutable: boolean,
): Signature<Missing, R> {
  return new TaskCall(task, Object.freeze([...args]), options, immutable);
}

/** Makes the value behind `chain(…)`, `group(…)` and their like; `task` is the one that the signature names. */
export function composeSignature<Missing extends readonly unknown[], R>(
  task: TaskDefinition,
  composed: Composed,
): Signature<Missing, R> {
  return new ComposedCall(task, composed, {});
}

/** The tasks that a call may come to, those of its parts where it has some. */
export function tasksOf({ task, composed }: Pick<AnySignature, "task" | "composed">): readonly TaskDefinition[] {
  return composed === null ? [task] : composed.tasks;
}

class TaskCall<Missing extends readonly unknown[], R> implements Signature<Missing, R> {
  readonly kind = "signature";
  readonly task: TaskDefinition;
  readonly args: readonly unknown[];
  readonly options: CallOptions;
  readonly immutable: boolean;
  readonly composed = null;

  constructor(task: TaskDefinition, args: readonly unknown[], options: CallOptions, immutable: boolean) {
    this.task = task;
    this.args = args;
    this.options = options;
    this.immutable = immutable;
    Object.freeze(this);
  }

  with(options: CallOptions): this {
    return new TaskCall(this.task, this.args, mergeOptions(this.options, options), this.immutable) as this;
  }

  link(callback: LinkedCall): this {
    return this.with({ link: added(this.options.link, callback) });
  }

  linkError(errback: LinkedCall): this {
    return this.with({ linkError: added(this.options.linkError, errback) });
  }

  stamp(stamping: Stamping): this {
    const signature = stamp(toWireSignature(this), stamping);
    return new ComposedCall(this.task, { signature, tasks: [this.task] }, this.options) as AnySignature as this;
  }

  toJSON(): unknown {
    return encodeSignature(toWireSignature(this));
  }
}

class ComposedCall<Missing extends readonly unknown[], R> implements Signature<Missing, R> {
  readonly kind = "signature";
  readonly task: TaskDefinition;
  readonly args: readonly unknown[] = Object.freeze([]);
  readonly options: CallOptions;
  readonly immutable: boolean;
  readonly composed: Composed;

  constructor(task: TaskDefinition, composed: Composed, options: CallOptions) {
    this.task = task;
    this.options = options;
    this.immutable = composed.signature.immutable;
    this.composed = composed;
    Object.freeze(this);
  }

  with(options: CallOptions): this {
    const { link: callbacks, linkError: errbacks, ...own } = options;
    const merged = mergeOptions(this.options, own);
    const { eta: _eta, countdown: _countdown, ...kept } = this.composed.signature.options;
    const isTimed = own.eta !== undefined || own.countdown !== undefined;
    const base = isTimed ? { ...this.composed.signature, options: kept } : this.composed.signature;
    const signature = withOptions(base, signatureOptions(own));
    const linked = listOf(callbacks).reduce<this>(
      (call, callback) => call.#joined(link, callback),
      this.#again(signature, merged),
    );
    return listOf(errbacks).reduce<this>((call, errback) => call.#joined(linkError, errback), linked);
  }

  link(callback: LinkedCall): this {
    return this.#joined(link, callback);
  }

  linkError(errback: LinkedCall): this {
    return this.#joined(linkError, errback);
  }

  stamp(stamping: Stamping): this {
    return this.#again(stamp(this.composed.signature, stamping));
  }

  toJSON(): unknown {
    return encodeSignature(this.composed.signature);
  }

  #joined(joining: typeof link, other: LinkedCall): this {
    return this.#again(joining(this.composed.signature, toWireSignature(other)));
  }

  #again(signature: WireSignature, options: CallOptions = this.options): this {
    return new ComposedCall(this.task, { ...this.composed, signature }, options) as this;
  }
}

/** The call with another one linked to it; the types of its methods have checked what that takes. */
function added(
  links: CallOptions["link"] | CallOptions["linkError"],
  call: LinkedCall,
): NonNullable<CallOptions["link"]> {
  const known = listOf(links);
  return (known.includes(call) ? known : [...known, call]) as NonNullable<CallOptions["link"]>;
}
