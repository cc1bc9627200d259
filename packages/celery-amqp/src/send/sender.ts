import type { Tree } from "@leveret/celery-protocol";
import { type CallTerms, composeBy } from "@leveret/celery-protocol/canvas";
import { encodeResultTuple } from "@leveret/celery-protocol/results";
import { CeleryError } from "../ports/errors.ts";
import { packArguments, type TravellingArguments } from "../task/arguments.ts";
import type { CallOptions } from "../task/call-options.ts";
import type { GroupSignature } from "../task/canvas-shape.ts";
import type { AsyncResult, GroupResult, NamedCall, TaskSender } from "../task/sender.ts";
import type { AnySignature, Signature } from "../task/signature.ts";
import type { TaskDefinition, TypedTask } from "../task/task.ts";
import { CanvasSender, type ComposedSignature } from "./canvas-sender.ts";
import { readable } from "./chords.ts";
import { firstAnswer } from "./first-answer.ts";
import type { Leaving, Outgoing } from "./outgoing.ts";
import type { Plan } from "./plan.ts";
import type { SenderParts } from "./sender-parts.ts";
import { untilAborted } from "./until-aborted.ts";

interface NamedRequest {
  readonly name: string;
  readonly task: TaskDefinition | null;
  readonly options: CallOptions;
  readonly pack: () => TravellingArguments | Promise<TravellingArguments>;
}

/** Composes the messages of calls and sends them, for clients and handlers. */
export class Sender implements TaskSender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  send<A extends readonly unknown[], R>(task: TypedTask<A, R>, ...args: A): Promise<AsyncResult<R>>;
  send<R extends readonly unknown[]>(call: GroupSignature<[], R>): Promise<GroupResult<R>>;
  send<R>(call: Signature<[], R>): Promise<AsyncResult<R>>;
  async send(
    what: TaskDefinition | Signature<[], unknown>,
    ...args: readonly unknown[]
  ): Promise<AsyncResult<unknown>> {
    const { result } = await this.dispatch(what, args);
    return result;
  }

  call<A extends readonly unknown[], R>(task: TypedTask<A, R>, ...args: A): Promise<R>;
  call<R>(call: Signature<[], R>): Promise<R>;
  call(what: TaskDefinition | Signature<[], unknown>, ...args: readonly unknown[]): Promise<unknown> {
    return firstAnswer((leaving) => this.dispatch(what, args, leaving));
  }

  result<R>(id: string, task: TypedTask<never, R>): AsyncResult<R>;
  result(id: string): AsyncResult<unknown>;
  result(id: string, task: TaskDefinition | null = null): AsyncResult<unknown> {
    return this.#parts.results.open(id, task);
  }

  async sendByName(
    name: string,
    { args = [], kwargs = {}, ...options }: NamedCall = {},
  ): Promise<AsyncResult<unknown>> {
    if (typeof name !== "string" || name === "")
      throw new CeleryError("option-invalid", "sendByName: the first argument must be a task's name");
    if (!Array.isArray(args)) throw new CeleryError("option-invalid", `Call of "${name}": args must be a list`);
    if (typeof kwargs !== "object" || kwargs === null || Array.isArray(kwargs)) {
      throw new CeleryError("option-invalid", `Call of "${name}": kwargs must be an object`);
    }
    const outgoing = await this.#compose({ name, task: null, options, pack: () => ({ args, kwargs }) });
    await this.#deliver(outgoing);
    return outgoing.result;
  }

  /** Sends a call; `leaving` is called when the message is published. */
  async dispatch(
    what: TaskDefinition | Signature<[], unknown>,
    args: readonly unknown[],
    leaving?: (outgoing: Leaving) => void,
  ): Promise<Leaving> {
    if (isComposed(what)) return new CanvasSender(this.#parts).send(what, leaving);
    const composed = this.compose(what, args);
    const outgoing = composed instanceof Promise ? await composed : composed;
    await this.#deliver(outgoing, leaving);
    return outgoing;
  }

  /**
   * Composes the message of a call, checked and routed, without sending it.
   *
   * @throws CeleryError `option-invalid`, `arguments-invalid`
   */
  compose(what: TaskDefinition | Signature<[], unknown>, args: readonly unknown[]): Outgoing | Promise<Outgoing> {
    if (isComposed(what)) return new CanvasSender(this.#parts).compose(what);
    const { task, given, options } = read(what, args);
    const pack: NamedRequest["pack"] = () =>
      packArguments(this.#parts.validate ? task : { ...task, accepts: null }, given);
    return this.#compose({ name: task.name, task, options, pack });
  }

  /** Resolves at the broker's confirm. */
  #deliver(outgoing: Outgoing, leaving?: (outgoing: Leaving) => void): Promise<void> {
    const { signal, sending } = outgoing;
    if (signal === null) return this.#send(outgoing, leaving);
    return untilAborted(() => this.#send(outgoing, leaving), signal, `Sending task ${sending.task.id}`);
  }

  #send(outgoing: Outgoing, leaving?: (outgoing: Leaving) => void): Promise<void> {
    const { sending, sendOptions, awaited } = outgoing;
    const { id } = sending.task;
    const { dispatch, results } = this.#parts;
    const leave = (): Promise<void> => {
      leaving?.(outgoing);
      return dispatch.send(sending, sendOptions, [encodeResultTuple({ id, parent: null, members: null })]);
    };
    return awaited ? results.prepare(id).then(leave) : leave();
  }

  /** Synchronous where this process has the routes and no schema must run. */
  #compose(request: NamedRequest): Outgoing | Promise<Outgoing> {
    const { name, options, pack } = request;
    const id = options.id ?? this.#parts.ids.uuid();
    const plan = this.#parts.planner.plan(name, options, id);
    const given = pack();
    if (!(plan instanceof Promise) && !(given instanceof Promise)) return this.#outgoing(request, id, plan, given);
    return Promise.all([plan, given]).then(([planned, packed]) => this.#outgoing(request, id, planned, packed));
  }

  #outgoing({ name, task }: NamedRequest, id: string, plan: Plan, { args, kwargs }: TravellingArguments): Outgoing {
    const { clock, origin, parent, results } = this.#parts;
    const { terms, sendOptions, signal } = plan;
    const replyTo = terms.replyTo ?? results.replyTo(id);
    const given = { args: args as readonly Tree[], kwargs: kwargs as Readonly<Record<string, Tree>> };
    const mint = { id: () => id, now: clock.now(), origin, replyTo };
    const sending = readable(() => composeBy(terms, given, mint, parent(), id), `Call of "${name}": `);
    return { sending, sendOptions, signal, ...this.#resultOf(id, task, terms) };
  }

  #resultOf(
    id: string,
    task: TaskDefinition | null,
    { message, replyTo }: CallTerms,
  ): Pick<Outgoing, "result" | "awaited"> {
    const { results } = this.#parts;
    const none = (why: string): Pick<Outgoing, "result" | "awaited"> => ({
      result: results.openNone(id, why),
      awaited: false,
    });
    if (message.ignoreResult === true) return none("it was sent with ignoreResult");
    if (replyTo !== null) return none(`its replyTo is queue "${replyTo}"`);
    return { result: results.open(id, task), awaited: true };
  }
}

function isComposed(what: TaskDefinition | AnySignature): what is ComposedSignature {
  return what?.kind === "signature" && what.composed !== null;
}

interface ReadCall {
  readonly task: TaskDefinition;
  readonly given: readonly unknown[];
  readonly options: CallOptions;
}

function read(what: TaskDefinition | Signature<[], unknown>, args: readonly unknown[]): ReadCall {
  if (what?.kind === "task") return { task: what, given: args, options: what.options };
  if (what?.kind === "signature") return { task: what.task, given: what.args, options: what.options };
  throw new CeleryError(
    "option-invalid",
    "The first argument must be a task made by defineTask, or a call made by task.s(…); for a name there is sendByName",
  );
}
