import type { Clock, Ids } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import { packArguments, type TravellingArguments } from "../task/arguments.ts";
import type { CallOptions } from "../task/call-options.ts";
import type { AsyncResult, NamedCall, TaskSender } from "../task/sender.ts";
import type { Signature } from "../task/signature.ts";
import type { TaskDefinition, TypedTask } from "../task/task.ts";
import { composeTask, type ParentTask } from "./compose.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Plan } from "./plan.ts";
import type { Way } from "./dispatch.ts";
import { firstAnswer } from "./first-answer.ts";
import type { Outgoing } from "./outgoing.ts";
import { untilAborted } from "./until-aborted.ts";

/** What a sender asks of results, whatever backend there is. */
interface ResultIntake {
  /** Where the result of this task will be awaited, null for nowhere. */
  replyTo(taskId: string): string | null;
  /** Ready to receive it before it is sent. */
  prepare(taskId: string): Promise<void>;
  /** The result of a task; `task` null where only its name is known. */
  open(taskId: string, task: TaskDefinition | null): AsyncResult<unknown>;
  /** A result that will never come here, for the reason given. */
  openNone(taskId: string, why: string): AsyncResult<unknown>;
}

/** Who checks and routes calls: here, or in the process that holds the connection. */
interface CallPlanner {
  /** @throws CeleryError `option-invalid` */
  plan(name: string, said: CallOptions): Plan | Promise<Plan>;
  /** The way of one call on a sharded queue. Throws, or rejects, as `plan`. */
  wayOf(plan: Plan, args: TravellingArguments): Way | Promise<Way>;
}

/** What a sender is made of. */
export interface SenderParts {
  readonly planner: CallPlanner;
  readonly dispatch: Pick<Dispatch, "send">;
  readonly results: ResultIntake;
  /** Check arguments by the task's schema before they are sent. */
  readonly validate: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Node name of this process. */
  readonly origin: string;
  /** The task that is sending, if one is. */
  readonly parent: () => ParentTask | null;
}

interface NamedRequest {
  readonly name: string;
  readonly task: TaskDefinition | null;
  readonly options: CallOptions;
  readonly pack: () => Promise<TravellingArguments>;
}

/** Makes calls into messages and sends them. What clients and handlers send passes through here. */
export class Sender implements TaskSender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  send<A extends readonly unknown[], R>(task: TypedTask<A, R>, ...args: A): Promise<AsyncResult<R>>;
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
    const outgoing = await this.#compose({ name, task: null, options, pack: async () => ({ args, kwargs }) });
    await this.#deliver(outgoing);
    return outgoing.result;
  }

  /** Sends, and says what was sent; `leaving` is called when the message goes out. */
  async dispatch(
    what: TaskDefinition | Signature<[], unknown>,
    args: readonly unknown[],
    leaving?: (outgoing: Outgoing) => void,
  ): Promise<Outgoing> {
    const outgoing = await this.compose(what, args);
    await this.#deliver(outgoing, leaving);
    return outgoing;
  }

  /**
   * The message of a call, checked and routed, not sent.
   *
   * @throws CeleryError `option-invalid`, `arguments-invalid`
   */
  async compose(what: TaskDefinition | Signature<[], unknown>, args: readonly unknown[]): Promise<Outgoing> {
    const { task, given, options } = read(what, args);
    const pack = (): Promise<TravellingArguments> =>
      packArguments(this.#parts.validate ? task : { ...task, accepts: null }, given);
    return this.#compose({ name: task.name, task, options, pack });
  }

  /** Resolves at the broker's confirm. */
  async #deliver(outgoing: Outgoing, leaving?: (outgoing: Outgoing) => void): Promise<void> {
    const { message, way, awaited, signal } = outgoing;
    const { dispatch, results } = this.#parts;
    const send = async (): Promise<void> => {
      if (awaited) await results.prepare(message.id);
      leaving?.(outgoing);
      await dispatch.send(message, way);
    };
    await (signal === null ? send() : untilAborted(send, signal, `Sending task ${message.id}`));
  }

  async #compose({ name, task, options: said, pack }: NamedRequest): Promise<Outgoing> {
    const { clock, ids, origin, parent, planner, results } = this.#parts;
    const planned = planner.plan(name, said);
    const plan = planned instanceof Promise ? await planned : planned;
    const { options, namesQueue } = plan;
    const id = options.id ?? ids.uuid();
    const replyTo = options.replyTo ?? results.replyTo(id);
    const { args, kwargs } = await pack();
    const way = plan.spreading === null ? plan.way : await planner.wayOf(plan, { args, kwargs });
    const call = { name, args, kwargs, options, namesQueue };
    const message = composeTask(call, { id, now: clock.now(), origin, replyTo, parent: parent() });
    return { message, way, signal: options.signal ?? null, ...this.#resultOf(id, task, options) };
  }

  #resultOf(id: string, task: TaskDefinition | null, options: CallOptions): Pick<Outgoing, "result" | "awaited"> {
    const { results } = this.#parts;
    const none = (why: string): Pick<Outgoing, "result" | "awaited"> => ({
      result: results.openNone(id, why),
      awaited: false,
    });
    if (options.ignoreResult === true) return none("it was sent with ignoreResult");
    if (options.replyTo !== undefined) return none(`it goes to queue "${options.replyTo}", as the call says`);
    return { result: results.open(id, task), awaited: true };
  }
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
