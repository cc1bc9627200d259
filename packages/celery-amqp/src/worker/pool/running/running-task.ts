import { isBuiltinState, type WireSignature, type TaskMessage, type Tree } from "@leveret/celery-protocol";
import { isEventType } from "@leveret/celery-protocol/events";
import { CeleryError } from "../../../ports/errors.ts";
import type { Logger } from "../../../ports/logger.ts";
import { showValue } from "../../../ports/show.ts";
import type { TaskContext } from "../../../task/context.ts";
import { type Duration, durationMs } from "../../../ports/duration.ts";
import type { TaskRequest } from "../../../task/request.ts";
import type { RetryCallOptions } from "../../../task/retry-call.ts";
import type { TaskSender } from "../../../task/sender.ts";
import { IgnoreSignal, RejectSignal, ReplaceSignal, SnoozeSignal } from "../../../task/signals.ts";
import type { Signature } from "../../../task/signature.ts";
import { toWireSignature } from "../../../task/wire-signature.ts";
import type { Job, JobHost } from "./job.ts";
import { reported, reportedSender } from "./reported.ts";
import { requestOf } from "./request.ts";
import { retrySignal } from "./retry-call.ts";

/** One run of one task, as its handler sees it. What few tasks ask for is made when asked. */
export class RunningTask implements TaskContext {
  readonly message: TaskMessage;
  readonly redelivered: boolean;
  readonly #job: Job;
  readonly #host: JobHost;
  readonly #parameters: readonly string[] | null;
  readonly #children: Tree[] = [];
  #abort: AbortController | null = null;
  #log: Logger | null = null;
  #client: TaskSender | null = null;
  #request: TaskRequest | null = null;

  /** @param parameters - names of the task's arguments by position; null where it has none */
  constructor(job: Job, host: JobHost, parameters: readonly string[] | null) {
    this.message = job.task;
    this.#parameters = parameters;
    this.redelivered = job.redelivered;
    this.#job = job;
    this.#host = host;
  }

  get id(): string {
    return this.message.id;
  }

  get name(): string {
    return this.message.task;
  }

  get attempt(): number {
    return this.message.retries + 1;
  }

  get isLastAttempt(): boolean {
    return this.attempt >= this.#job.policy.retry.attempts;
  }

  get rootId(): string {
    return this.message.rootId ?? this.message.id;
  }

  get parentId(): string | null {
    return this.message.parentId;
  }

  get headers(): Readonly<Record<string, unknown>> {
    return this.message.extraHeaders;
  }

  get request(): TaskRequest {
    return (this.#request ??= requestOf(this.message, this.#host.hostname, () => this.#children));
  }

  get signal(): AbortSignal {
    return this.#controller().signal;
  }

  get log(): Logger {
    return (this.#log ??= this.#host.logFor(this.#job));
  }

  get client(): TaskSender {
    if (this.#client !== null) return this.#client;
    const sender = this.#host.senderFor(this.#job, (sent) => this.#children.push(...sent));
    return (this.#client = reportedSender(sender, () => this.log));
  }

  /** Result tuples of what this run has sent so far. */
  get children(): readonly Tree[] {
    return this.#children;
  }

  /** What the signal was aborted with, undefined while it was not. */
  get abortReason(): unknown {
    return this.#abort?.signal.aborted === true ? this.#abort.signal.reason : undefined;
  }

  /** Aborts the handler's signal; only the first reason counts. */
  abort(reason: Error): void {
    this.#controller().abort(reason);
  }

  progress(meta: unknown): Promise<void> {
    return this.setState("PROGRESS", meta);
  }

  setState(state: string, meta: unknown = null): Promise<void> {
    return reported("setState", this.#setState(state, meta), () => this.log);
  }

  sendEvent(type: string, fields: Readonly<Record<string, unknown>> = {}): Promise<void> {
    return reported("sendEvent", this.#sendEvent(type, fields), () => this.log);
  }

  async #setState(state: string, meta: unknown): Promise<void> {
    // A custom state with a name of Celery's would mislead the caller.
    if (typeof state !== "string" || state === "" || isBuiltinState(state))
      throw new CeleryError("option-invalid", `Task ${this.name} may not set the state ${state}: choose another name`);
    await this.#host.setState(this.#job, state, meta as Tree);
  }

  async #sendEvent(type: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
    // A custom event with a name of Celery's would mislead monitors.
    if (typeof type !== "string" || !/^[^\s-]+-[^\s]+$/.test(type) || isEventType(type))
      throw new CeleryError(
        "option-invalid",
        `Task ${this.name} cannot send an event named ${showValue(type)}. Choose another name, such as "task-halfway".`,
      );
    await this.#host.sendEvent(this.#job, type, fields as Readonly<Record<string, Tree>>);
  }

  retry(options: RetryCallOptions = {}): never {
    throw retrySignal(this.message, this.#parameters, options);
  }

  snooze(delay: Duration): never {
    throw new SnoozeSignal(durationMs(delay, "snooze"));
  }

  reject(options: { readonly requeue?: boolean; readonly reason?: string } = {}): never {
    throw new RejectSignal(options.requeue ?? false, options.reason ?? null);
  }

  ignore(): never {
    throw new IgnoreSignal();
  }

  replace(call: Signature<[], unknown>): never {
    throw new ReplaceSignal(wireOf("replace", call));
  }

  addToChord(call: Signature<[], unknown>): Promise<void> {
    return reported("addToChord", this.#addToChord(call), () => this.log);
  }

  async #addToChord(call: Signature<[], unknown>): Promise<void> {
    this.#children.push(...(await this.#host.addToChord(this.#job, wireOf("addToChord", call))));
  }

  #controller(): AbortController {
    return (this.#abort ??= new AbortController());
  }
}

function wireOf(what: string, call: Signature<[], unknown>): WireSignature {
  if (call?.kind === "signature") return toWireSignature(call);
  throw new CeleryError(
    "option-invalid",
    `${what}: the argument must be a call, made by task.s(…), chain(…) or the like`,
  );
}
