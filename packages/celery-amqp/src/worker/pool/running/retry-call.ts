import type { TaskMessage, TimeLimit, Tree } from "@leveret/celery-protocol";
import { duration, fail, integer, list, object, props, type Shape } from "@leveret/options";
import { checkOptions, invalidOption } from "../../../ports/options.ts";
import { callShapes } from "../../../task/call-shape.ts";
import type { CallOptions } from "../../../task/call-options.ts";
import { durationMs } from "../../../ports/duration.ts";
import type { RetryChanges } from "../../../task/policy.ts";
import type { RetryCallOptions } from "../../../task/retry-call.ts";
import { RetrySignal } from "../../../task/signals.ts";
import { toWireSignatures } from "../../../task/wire-signature.ts";

type Arguments = Pick<TaskMessage, "args" | "kwargs">;
type Said = Omit<RetryCallOptions, "in" | "cause" | "args" | "kwargs" | "attempts">;

function foreign(remedy: string): Shape {
  return (value) => fail(value, remedy);
}

const any: Shape = () => [];

const retryShape = props<RetryCallOptions & CallOptions>({
  ...callShapes,
  countdown: foreign("Give in"),
  id: foreign("Leave it out: a retry keeps its id"),
  rootId: foreign("Leave it out: a retry keeps its root"),
  parentId: foreign("Leave it out: a retry keeps its parent"),
  stamps: foreign("Leave it out: a retry keeps its stamps"),
  shardKey: foreign("Leave it out: a retry is sharded by its arguments"),
  protocol: foreign("Leave it out: a retry keeps its protocol"),
  publishTimeout: foreign("Leave it out: the worker decides how long it waits"),
  signal: foreign("Leave it out: the worker sends the message after the run"),
  in: duration(),
  cause: any,
  args: list(any),
  kwargs: object,
  attempts: integer(1),
});

/**
 * What ends a run by a retry.
 *
 * @param parameters - names of the task's arguments by position; null where it has none
 * @throws CeleryError `option-invalid`
 */
export function retrySignal(
  message: TaskMessage,
  parameters: readonly string[] | null,
  options: RetryCallOptions,
): RetrySignal {
  const { in: delay, cause, args, kwargs, attempts, ...said } = options;
  const where = `Retry of "${message.task}"`;
  const delayMs = delay === undefined ? null : durationMs(delay, `${where}: in`);
  const isPlain = args === undefined && kwargs === undefined && attempts === undefined && isEmpty(said);
  if (isPlain) return new RetrySignal(delayMs, cause);
  check(options, `the retry of "${message.task}"`);
  const changes: RetryChanges = {
    etaMs: said.eta?.getTime() ?? null,
    attempts: attempts ?? null,
    expires: expiryOf(said, where),
    to: addressOf(said),
    fields: {
      ...argumentsOf(message, parameters, options),
      ...fieldsOf(message, said, where),
    },
  };
  return new RetrySignal(delayMs, cause, changes);
}

function isEmpty(said: Said): boolean {
  return Object.values(said).every((value) => value === undefined);
}

function check(options: RetryCallOptions, owner: string): void {
  checkOptions(retryShape, options, owner);
  const { eta, queue, exchange, routingKey } = options;
  if (options.in !== undefined && eta !== undefined) throw invalidOption(owner, "eta", eta, "Give in or eta, not both");
  if (queue !== undefined && (exchange !== undefined || routingKey !== undefined))
    throw invalidOption(owner, "queue", queue, "Give a queue, or an exchange and a routing key, not both");
}

/** A queue is reached by the default exchange; an exchange or a routing key alone leaves the other as it came. */
function addressOf({ queue, exchange, routingKey }: Said): RetryChanges["to"] {
  if (queue !== undefined) return { exchange: "", routingKey: queue };
  return { ...(exchange !== undefined && { exchange }), ...(routingKey !== undefined && { routingKey }) };
}

function expiryOf({ expires }: Said, where: string): RetryChanges["expires"] {
  if (expires === undefined) return null;
  return expires instanceof Date ? { atMs: expires.getTime() } : { inMs: durationMs(expires, `${where}: expires`) };
}

function fieldsOf(message: TaskMessage, said: Said, where: string): Partial<TaskMessage> {
  const { timeLimit, softTimeLimit, headers, link, linkError } = said;
  return {
    ...given(said, ["priority", "ignoreResult", "serializer", "compression", "shadow"]),
    ...given(said, ["argsRepr", "kwargsRepr", "replyTo", "persistent"]),
    ...(headers !== undefined && { extraHeaders: headers }),
    ...(link !== undefined && { callbacks: toWireSignatures(link) }),
    ...(linkError !== undefined && { errbacks: toWireSignatures(linkError) }),
    ...((timeLimit ?? softTimeLimit) !== undefined && { timeLimit: limitOf(message.timeLimit, said, where) }),
  };
}

function limitOf(old: TimeLimit, { timeLimit, softTimeLimit }: Said, where: string): TimeLimit {
  return {
    hardSeconds: timeLimit === undefined ? old.hardSeconds : durationMs(timeLimit, `${where}: timeLimit`) / 1_000,
    softSeconds:
      softTimeLimit === undefined ? old.softSeconds : durationMs(softTimeLimit, `${where}: softTimeLimit`) / 1_000,
  };
}

function given<K extends keyof Said & keyof TaskMessage>(said: Said, names: readonly K[]): Pick<Said, K> {
  return Object.fromEntries(names.flatMap((name) => (said[name] === undefined ? [] : [[name, said[name]]]))) as Pick<
    Said,
    K
  >;
}

/**
 * The arguments of the next run and what logs show of them, which is made anew with them. Where only one kind is given, the
 * other stays but for the arguments that are given now. Source: celery/app/task.py `Task.retry`.
 */
function argumentsOf(
  message: Arguments,
  parameters: readonly string[] | null,
  { args, kwargs }: Pick<RetryCallOptions, "args" | "kwargs">,
): Partial<TaskMessage> {
  if (args === undefined && kwargs === undefined) return {};
  const next = merged(message, parameters ?? [], args as readonly Tree[] | undefined, kwargs as Arguments["kwargs"]);
  return { ...next, argsRepr: null, kwargsRepr: null };
}

function merged(
  message: Arguments,
  parameters: readonly string[],
  args: readonly Tree[] | undefined,
  kwargs: Arguments["kwargs"] | undefined,
): Arguments {
  if (args !== undefined && kwargs !== undefined) return { args, kwargs };
  if (args !== undefined) return { args, kwargs: without(message.kwargs, parameters.slice(0, args.length)) };
  if (kwargs === undefined) return message;
  const placed = message.args.map((arg, at) => {
    const name = parameters[at];
    return name !== undefined && Object.hasOwn(kwargs, name) ? (kwargs[name] as Tree) : arg;
  });
  return { args: placed, kwargs: without(kwargs, parameters.slice(0, placed.length)) };
}

function without(kwargs: Arguments["kwargs"], names: readonly string[]): Arguments["kwargs"] {
  return Object.fromEntries(Object.entries(kwargs).filter(([name]) => !names.includes(name)));
}
