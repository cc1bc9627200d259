import { type ResultMeta, toValue } from "@leveret/celery-protocol";
import { decodeResultTuple, encodeResultTuple, type ResultTuple } from "@leveret/celery-protocol/results";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import { checkOptions } from "../ports/options.ts";
import { checkReturned } from "../task/arguments.ts";
import { durationMs } from "../ports/duration.ts";
import { ResultTimeoutError } from "../task/errors.ts";
import {
  type AsyncResult,
  type RevokeTask,
  type RevokeTaskOptions,
  type Settled,
  type TaskState,
  type WaitOptions,
  waitShape,
} from "../task/sender.ts";
import type { TaskDefinition } from "../task/task.ts";
import type { ResultSource } from "./backend.ts";
import { collectFrom } from "./collect.ts";
import { type ErrorClasses, type FailedMeta, toFailedError, toRevokedError } from "./task-error.ts";
import { followStates } from "./follow-states.ts";

/** The dependencies of an AsyncResult. */
export interface AsyncResultParts {
  readonly source: ResultSource;
  readonly clock: Clock;
  readonly errorClasses: ErrorClasses;
  readonly revoke: RevokeTask;
  /** Opens the results that another result names. */
  readonly openTuple: (tuple: ResultTuple) => AsyncResult<unknown>;
  /** Adds to the error of a wait that timed out. Default: nothing. */
  readonly explain?: (error: ResultTimeoutError) => Promise<ResultTimeoutError>;
}

type FinalMeta = Extract<ResultMeta, { readonly status: "SUCCESS" }> | FailedMeta;

/**
 * The result of the task with this id; `task` is null where only the id is known, `parent` where the task was not
 * called by another.
 */
export function createAsyncResult(
  id: string,
  task: TaskDefinition | null,
  parts: AsyncResultParts,
  parent: ResultTuple | null = null,
): AsyncResult<unknown> {
  return new PendingAsyncResult(id, task, parts, parent);
}

/** Watches only while a caller waits: a result that is not awaited has no listener. */
class PendingAsyncResult implements AsyncResult<unknown> {
  readonly id: string;
  readonly #task: TaskDefinition | null;
  readonly #parts: AsyncResultParts;
  readonly #followed: ResultTuple | null;
  #parent: AsyncResult<unknown> | null = null;
  #final: FinalMeta | null = null;

  constructor(id: string, task: TaskDefinition | null, parts: AsyncResultParts, followed: ResultTuple | null) {
    this.id = id;
    this.#task = task;
    this.#parts = parts;
    this.#followed = followed;
  }

  /** Opened on first access: a chain may be long. */
  get parent(): AsyncResult<unknown> | null {
    if (this.#followed !== null) this.#parent ??= this.#parts.openTuple(this.#followed);
    return this.#parent;
  }

  get state(): string {
    const latest = this.#final ?? this.#parts.source.latest(this.id);
    return latest === null ? "PENDING" : stateName(latest);
  }

  async get(options: WaitOptions = {}): Promise<unknown> {
    const settled = await this.settled(options);
    if (settled.status === "SUCCESS") return settled.value;
    throw settled.error;
  }

  async settled(options: WaitOptions = {}): Promise<Settled<unknown>> {
    return this.#settle(await this.#ended(options));
  }

  async *states(options: WaitOptions = {}): AsyncGenerator<TaskState, void, undefined> {
    for await (const meta of this.#metas(options)) yield await this.#describe(meta);
  }

  async children(options: WaitOptions = {}): Promise<readonly AsyncResult<unknown>[]> {
    const { children } = await this.#ended(options);
    return (children ?? []).map((child) => this.#parts.openTuple(decodeResultTuple(child)));
  }

  collect(options: WaitOptions = {}): AsyncGenerator<readonly [AsyncResult<unknown>, unknown], void, undefined> {
    return collectFrom(this, options);
  }

  async forget(): Promise<void> {
    await this.#parts.source.forget(this.id);
  }

  async revoke(options: RevokeTaskOptions = {}): Promise<void> {
    await this.#parts.revoke(this.id, options);
  }

  toJSON(): unknown {
    return encodeResultTuple({ id: this.id, parent: this.#followed, members: null });
  }

  async #ended(options: WaitOptions): Promise<FinalMeta> {
    for await (const meta of this.#metas(options)) {
      if (isFinal(meta)) return meta;
    }
    throw new CeleryError(
      "result-lost",
      `The states of the task ended without a final one: ${this.id}. Check the worker.`,
    );
  }

  async *#metas(options: WaitOptions): AsyncGenerator<ResultMeta, void, undefined> {
    if (this.#final !== null) {
      yield this.#final;
      return;
    }
    checkOptions(waitShape, options, "the wait");
    const timeoutMs = options.timeout === undefined ? null : durationMs(options.timeout, "timeout");
    try {
      for await (const meta of followStates(this.id, { ...this.#parts, timeoutMs, signal: options.signal ?? null })) {
        if (isFinal(meta)) this.#final = meta;
        yield meta;
        if (isFinal(meta)) return;
      }
    } catch (error) {
      const { explain } = this.#parts;
      throw error instanceof ResultTimeoutError && explain !== undefined ? await explain(error) : error;
    }
  }

  async #settle(meta: FinalMeta): Promise<Settled<unknown>> {
    if (meta.status === "SUCCESS") return { status: "SUCCESS", value: await this.#value(meta.result) };
    if (meta.status === "REVOKED") return { status: "REVOKED", error: toRevokedError(meta) };
    const error = toFailedError(this.id, meta.exception, meta.traceback, this.#parts.errorClasses);
    return { status: "FAILURE", error };
  }

  async #describe(meta: ResultMeta): Promise<TaskState> {
    if (isFinal(meta)) {
      const settled = await this.#settle(meta);
      return { status: settled.status, meta: settled.status === "SUCCESS" ? settled.value : settled.error };
    }
    if (meta.status !== "RETRY") return { status: stateName(meta), meta: toValue(meta.result) };
    const { exception, traceback } = meta;
    return {
      status: "RETRY",
      meta: exception && toFailedError(this.id, exception, traceback, this.#parts.errorClasses),
    };
  }

  async #value(result: Extract<ResultMeta, { readonly status: "SUCCESS" }>["result"]): Promise<unknown> {
    const value = toValue(result);
    return this.#task === null ? value : checkReturned(this.#task, value);
  }
}

function isFinal(meta: ResultMeta): meta is FinalMeta {
  return meta.status === "SUCCESS" || meta.status === "FAILURE" || meta.status === "REVOKED";
}

function stateName(meta: ResultMeta): string {
  return meta.status === "OTHER" ? meta.state : meta.status;
}
