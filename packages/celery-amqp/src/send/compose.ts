import {
  expirationMs,
  formatIso,
  newTask,
  type TaskMessage,
  type TimeLimit,
  type Tree,
  type WireTime,
} from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { TravellingArguments } from "../task/arguments.ts";
import type { CallOptions } from "../task/call-options.ts";
import { type Duration, durationMs } from "../task/duration.ts";
import { toWireSignatures } from "../task/wire-signature.ts";

/** One call with all that was said of it. */
export interface Call extends TravellingArguments {
  readonly name: string;
  /** The call's options over the task's, both over the route's. */
  readonly options: CallOptions;
}

/** What the world adds to a call. */
export interface Mint {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Node name of this process. */
  readonly origin: string;
  /** Where the result is awaited; null is nowhere. */
  readonly replyTo: string | null;
  /** The task that sends this one. */
  readonly parent: ParentTask | null;
}

/** What a task hands down to those it sends. */
export interface ParentTask {
  readonly id: string;
  readonly rootId: string;
  /** Priority of those that it sends and that say none; null or absent where it hands none down. */
  readonly priority?: number | null;
}

/**
 * The message of one call, as Celery writes it (celery/app/base.py `send_task`, celery/app/amqp.py `as_task_v2`):
 * a countdown becomes an eta on our clock, 0 is none; a task without a parent is its own root. The priority is 0 where the
 * call says none, also with a named queue, for which Celery may leave it out: RabbitMQ 4.3 takes an absent one as 4.
 *
 * @throws CeleryError `option-invalid` for options that contradict each other or what protocol 1 can carry
 */
export function composeTask(call: Call, mint: Mint): TaskMessage {
  const { options, name } = call;
  const where = `Call of "${name}"`;
  const expires = expiryOf(options, mint.now, where);
  const task = newTask({
    protocol: options.protocol ?? 2,
    id: mint.id,
    task: name,
    args: call.args as readonly Tree[],
    kwargs: call.kwargs as Readonly<Record<string, Tree>>,
    eta: etaOf(options, mint.now, where),
    expires,
    expirationMs: expires && expirationMs(expires, mint.now),
    timeLimit: timeLimitOf(options, where),
    shadow: options.shadow ?? null,
    argsRepr: options.argsRepr ?? null,
    kwargsRepr: options.kwargsRepr ?? null,
    rootId: options.rootId ?? mint.parent?.rootId ?? mint.id,
    parentId: options.parentId ?? mint.parent?.id ?? null,
    origin: mint.origin,
    ignoreResult: options.ignoreResult ?? false,
    ...stampsOf(options),
    extraHeaders: options.headers ?? {},
    replyTo: options.replyTo ?? mint.replyTo,
    priority: options.priority ?? mint.parent?.priority ?? 0,
    persistent: options.persistent ?? true,
    serializer: options.serializer ?? "json",
    compression: options.compression ?? null,
    callbacks: toWireSignatures(options.link),
    errbacks: toWireSignatures(options.linkError),
  });
  if (task.protocol === 1) checkProtocol1(task, where);
  return task;
}

/** gocelery runs at once what has an eta, and protocol 1 has no place for stamps. */
function checkProtocol1(task: TaskMessage, where: string): void {
  if (task.eta !== null) {
    refuse(
      `${where}: eta and countdown do not reach a protocol 1 route, its workers would run the task at once; send it when it is due`,
    );
  }
  if (task.stampedHeaders !== null)
    refuse(`${where}: protocol 1 carries no stamps; leave them out, or send by protocol 2`);
}

function etaOf({ eta, countdown }: CallOptions, now: number, where: string): WireTime | null {
  if (eta !== undefined && countdown !== undefined) refuse(`${where}: give eta or countdown, not both`);
  if (eta !== undefined) return wireTime(eta.getTime(), `${where}: eta`);
  const delayMs = countdown === undefined ? 0 : durationMs(countdown, `${where}: countdown`);
  return delayMs === 0 ? null : wireTime(now + delayMs, `${where}: countdown`);
}

function expiryOf({ expires }: CallOptions, now: number, where: string): WireTime | null {
  if (expires === undefined) return null;
  const epochMs = expires instanceof Date ? expires.getTime() : now + durationMs(expires, `${where}: expires`);
  return wireTime(epochMs, `${where}: expires`);
}

function wireTime(epochMs: number, option: string): WireTime {
  try {
    return { epochMs, text: formatIso(epochMs) };
  } catch (error) {
    throw new CeleryError("option-invalid", `${option} lies beyond the year 9999, which Python cannot read`, {
      cause: error,
    });
  }
}

function timeLimitOf({ timeLimit, softTimeLimit }: CallOptions, where: string): TimeLimit {
  const hardSeconds = seconds(timeLimit, `${where}: timeLimit`);
  const softSeconds = seconds(softTimeLimit, `${where}: softTimeLimit`);
  if (hardSeconds !== null && softSeconds !== null && softSeconds > hardSeconds) {
    refuse(`${where}: softTimeLimit (${softSeconds} s) is longer than timeLimit (${hardSeconds} s)`);
  }
  return { hardSeconds, softSeconds };
}

function seconds(duration: Duration | undefined, option: string): number | null {
  return duration === undefined ? null : durationMs(duration, option) / 1_000;
}

function stampsOf({ stamps }: CallOptions): Pick<TaskMessage, "stampedHeaders" | "stamps"> {
  return stamps === undefined ? { stampedHeaders: null, stamps: {} } : { stampedHeaders: Object.keys(stamps), stamps };
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}
