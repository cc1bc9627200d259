import { parseRate } from "@leveret/celery-protocol/control";
import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import type { CallOptions } from "./call-options.ts";
import { type Duration, durationMs } from "./duration.ts";
import type { PoolKind, RetryPolicy, TaskPolicy } from "./policy.ts";

/** How failures are tried again, as a user writes it. Giving it means: retry without the task asking. */
export interface RetryOptions {
  /** Runs in all, the first included. Default 4, which is Celery's `max_retries` 3. */
  readonly attempts?: number;
  /** Wait before the second run. Default 180 s; with exponential backoff 1 s. */
  readonly delay?: Duration;
  /** `fixed` (default) waits the same each time, `exponential` doubles. */
  readonly backoff?: "fixed" | "exponential";
  /** Longest wait of the exponential backoff. Default 600 s. */
  readonly maxDelay?: Duration;
  /** Wait a random part of the time instead. Default true with exponential backoff, else false. */
  readonly jitter?: boolean;
  /** Which errors are worth another try; it may be async. One that throws or rejects has said no. Default all. */
  readonly when?: (error: unknown) => boolean | Promise<boolean>;
}

/** What a task says of itself: the defaults of each call, and how a worker treats it. */
export interface TaskOptions extends Pick<
  CallOptions,
  "queue" | "priority" | "expires" | "serializer" | "compression" | "timeLimit" | "softTimeLimit" | "ignoreResult"
> {
  /** Automatic retries. Default none: a task is retried where it asks by `ctx.retry()`. */
  readonly retry?: RetryOptions;
  /** Ack after the run (`late`, default: a killed worker loses nothing) or before it (`early`, Celery's default). */
  readonly acks?: "late" | "early";
  /** Late acks: ack a failed task (default) or reject it without requeue. */
  readonly acksOnFailure?: boolean;
  /** Late acks: ack a task that ran into its hard limit (default) or requeue it. */
  readonly acksOnTimeout?: boolean;
  /** Late acks: requeue a task whose process died. Default false. */
  readonly rejectOnWorkerLost?: boolean;
  /** Store failures even where results are ignored. Default false. */
  readonly storeErrorsEvenIfIgnored?: boolean;
  /** Store STARTED when the run begins. Default false. */
  readonly trackStarted?: boolean;
  /** Tell monitors of its runs, where the worker tells of tasks. Default true. */
  readonly sendEvents?: boolean;
  /** How many each worker begins at most: a number a second, or `"10/s"`, `"100/m"`, `"2/h"`. Default no limit. */
  readonly rateLimit?: RateLimit;
  /** Which of the worker's pools it runs in. Default: the first of them. */
  readonly pool?: PoolKind;
}

/** So many in a time: a number a second, or a text such as `"10/s"`, `"100/m"`, `"2/h"`; 0 and null are no limit. */
export type RateLimit = number | `${number}` | `${number}/${"s" | "m" | "h"}` | null;

/** Options that travel with each call, the others stay with the worker. */
const sent = [
  "queue",
  "priority",
  "expires",
  "serializer",
  "compression",
  "timeLimit",
  "softTimeLimit",
  "ignoreResult",
] as const;
const flags = [
  "acksOnFailure",
  "acksOnTimeout",
  "rejectOnWorkerLost",
  "storeErrorsEvenIfIgnored",
  "trackStarted",
  "sendEvents",
  "ignoreResult",
] as const;

/** Names of all task options, for refusing misspelt ones. */
export const taskOptionNames: readonly string[] = [...sent, ...flags, "retry", "acks", "rateLimit", "pool"];

/**
 * The policy that a worker follows.
 *
 * @param options - what the user wrote
 * @param where - the task, for errors
 * @throws CeleryError `option-invalid`
 */
export function resolvePolicy(options: TaskOptions, where: string): TaskPolicy {
  for (const name of flags) checkFlag(options[name], `${where}: ${name}`);
  return Object.freeze({
    acks: oneOf(options.acks ?? "late", ["late", "early"], `${where}: acks`),
    acksOnFailure: options.acksOnFailure ?? true,
    acksOnTimeout: options.acksOnTimeout ?? true,
    rejectOnWorkerLost: options.rejectOnWorkerLost ?? false,
    ignoreResult: options.ignoreResult ?? false,
    storeErrorsEvenIfIgnored: options.storeErrorsEvenIfIgnored ?? false,
    trackStarted: options.trackStarted ?? false,
    sendEvents: options.sendEvents ?? true,
    timeLimitMs: limitMs(options.timeLimit, `${where}: timeLimit`),
    softTimeLimitMs: limitMs(options.softTimeLimit, `${where}: softTimeLimit`),
    ratePerSecond: resolveRate(options.rateLimit, `${where}: rateLimit`),
    pool: resolvePool(options.pool, `${where}: pool`),
    retry: resolveRetry(options.retry, `${where}: retry`),
  });
}

function resolvePool(pool: PoolKind | undefined, where: string): PoolKind | null {
  return pool === undefined ? null : oneOf(pool, ["inline", "threads", "processes"], where);
}

/** The part of a task's options that each of its calls starts from. */
export function callDefaults(options: TaskOptions): CallOptions {
  const given = sent.filter((name) => options[name] !== undefined).map((name) => [name, options[name]] as const);
  return Object.freeze(Object.fromEntries(given));
}

function resolveRetry(retry: RetryOptions | undefined, where: string): RetryPolicy {
  if (retry !== undefined && (typeof retry !== "object" || retry === null))
    refuse(where, retry, "an object of options");
  const { attempts = 4, backoff = "fixed", when, ...rest } = retry ?? {};
  const unknown = Object.keys(rest).find((name) => !["delay", "maxDelay", "jitter"].includes(name));
  if (unknown !== undefined) refuse(`${where}.${unknown}`, rest, "left out: there is no such option");
  const exponential = oneOf(backoff, ["fixed", "exponential"], `${where}.backoff`) === "exponential";
  checkFlag(rest.jitter, `${where}.jitter`);
  if (!Number.isInteger(attempts) || attempts < 1) refuse(`${where}.attempts`, attempts, "an integer from 1");
  if (when !== undefined && typeof when !== "function") refuse(`${where}.when`, when, "a function");
  return Object.freeze({
    attempts,
    automatic: retry !== undefined,
    delayMs: durationMs(rest.delay ?? (exponential ? 1 : 180), `${where}.delay`),
    backoff,
    maxDelayMs: durationMs(rest.maxDelay ?? 600, `${where}.maxDelay`),
    jitter: rest.jitter ?? exponential,
    ...(when && { when }),
  });
}

/**
 * Tasks a second, null for no limit.
 *
 * @param option - the option it was given as, for the error
 * @throws CeleryError `option-invalid`
 */
export function resolveRate(rate: RateLimit | undefined, option: string): number | null {
  try {
    return parseRate(rate);
  } catch {
    return refuse(option, rate, 'a number a second, or a text such as "10/s", "100/m" or "2/h"');
  }
}

function limitMs(limit: Duration | undefined, option: string): number | null {
  if (limit === undefined) return null;
  const ms = durationMs(limit, option);
  return ms > 0 ? ms : refuse(option, limit, "longer than 0");
}

function checkFlag(value: unknown, option: string): void {
  if (value !== undefined && typeof value !== "boolean") refuse(option, value, "true or false");
}

function oneOf<const T extends string>(value: T, allowed: readonly T[], option: string): T {
  return allowed.includes(value) ? value : refuse(option, value, allowed.map((text) => `"${text}"`).join(" or "));
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new CeleryError("option-invalid", `${option} is ${showValue(value)}: it must be ${wanted}`);
}
