import { parseRate } from "@leveret/celery-protocol/control";
import {
  duration,
  either,
  flag,
  functions,
  integer,
  oneOf,
  props,
  type Shape,
  shape,
  type Shapes,
} from "@leveret/options";
import { checkOptions } from "../ports/options.ts";
import type { CallOptions } from "./call-options.ts";
import { callShapes } from "./call-shape.ts";
import { type Duration, durationMs } from "../ports/duration.ts";
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
  /** Which errors are worth another try; it may be async. One that throws or rejects counts as false. Default all. */
  readonly when?: (error: unknown) => boolean | Promise<boolean>;
}

/** Options of a task: the defaults of its calls, and its policies in a worker. */
export interface TaskOptions extends Pick<
  CallOptions,
  "queue" | "priority" | "expires" | "serializer" | "compression" | "timeLimit" | "softTimeLimit" | "ignoreResult"
> {
  /** Automatic retries; false for none. Default none: a task is retried where it asks by `ctx.retry()`. */
  readonly retry?: RetryOptions | false;
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
  /** Send task events for it, where the worker sends task events. Default true. */
  readonly sendEvents?: boolean;
  /** How many each worker begins at most: a number a second, or `"10/s"`, `"100/m"`, `"2/h"`. Default no limit. */
  readonly rateLimit?: RateLimit;
  /** Which of the worker's pools it runs in. Default: the first of them. */
  readonly pool?: PoolKind;
}

/** A rate: a number per second, or a string such as `"10/s"`, `"100/m"`, `"2/h"`; 0 and null are no limit. */
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

const time = duration();
const limit = duration(1);

const retryShape = props<RetryOptions>({
  attempts: integer(1),
  delay: time,
  backoff: oneOf("fixed", "exponential"),
  maxDelay: time,
  jitter: flag,
  when: functions,
});

const rateShape: Shape = shape('a number a second, or a string such as "10/s", "100/m" or "2/h"', (rate) => {
  if (rate !== null && typeof rate !== "number" && typeof rate !== "string") return false;
  parseRate(rate);
  return true;
});

/** The shape of each option of a task. */
export const taskShapes: Shapes<TaskOptions> = {
  queue: callShapes.queue,
  priority: callShapes.priority,
  expires: callShapes.expires,
  serializer: callShapes.serializer,
  compression: callShapes.compression,
  timeLimit: limit,
  softTimeLimit: limit,
  ignoreResult: flag,
  retry: either(retryShape, oneOf(false)),
  acks: oneOf("late", "early"),
  acksOnFailure: flag,
  acksOnTimeout: flag,
  rejectOnWorkerLost: flag,
  storeErrorsEvenIfIgnored: flag,
  trackStarted: flag,
  sendEvents: flag,
  rateLimit: rateShape,
  pool: oneOf("inline", "threads", "processes"),
};

/**
 * The policy that a worker follows, of options that have their shape.
 *
 * @param defaults - options that count where the task has none of its own
 */
export function resolvePolicy(own: TaskOptions, defaults: TaskOptions = {}): TaskPolicy {
  const of = <Name extends keyof TaskOptions>(name: Name): TaskOptions[Name] => own[name] ?? defaults[name];
  const rate = own.rateLimit === undefined ? defaults.rateLimit : own.rateLimit;
  return Object.freeze({
    acks: of("acks") ?? "late",
    acksOnFailure: of("acksOnFailure") ?? true,
    acksOnTimeout: of("acksOnTimeout") ?? true,
    rejectOnWorkerLost: of("rejectOnWorkerLost") ?? false,
    ignoreResult: of("ignoreResult") ?? false,
    storeErrorsEvenIfIgnored: of("storeErrorsEvenIfIgnored") ?? false,
    trackStarted: of("trackStarted") ?? false,
    sendEvents: of("sendEvents") ?? true,
    timeLimitMs: limitMs(of("timeLimit"), "timeLimit"),
    softTimeLimitMs: limitMs(of("softTimeLimit"), "softTimeLimit"),
    ratePerSecond: parseRate(rate),
    pool: own.pool ?? null,
    retry: resolveRetry(own.retry, defaults.retry),
  });
}

/** The part of a task's options that each of its calls starts from. */
export function callDefaults(options: TaskOptions): CallOptions {
  const given = sent.filter((name) => options[name] !== undefined).map((name) => [name, options[name]] as const);
  return Object.freeze(Object.fromEntries(given));
}

/** Each option of `retry` by itself; a task with false is never retried automatically. */
function resolveRetry(own: TaskOptions["retry"], defaults: TaskOptions["retry"]): RetryPolicy {
  const weaker = defaults === undefined || defaults === false ? {} : defaults;
  const {
    attempts,
    backoff = "fixed",
    when,
    delay,
    maxDelay,
    jitter,
  } = {
    ...weaker,
    ...Object.fromEntries(Object.entries(own || {}).filter(([, value]) => value !== undefined)),
  } as RetryOptions;
  const isExponential = backoff === "exponential";
  return Object.freeze({
    attempts: attempts ?? 4,
    automatic: own === undefined ? defaults !== undefined && defaults !== false : own !== false,
    delayMs: durationMs(delay ?? (isExponential ? 1 : 180), "retry.delay"),
    backoff,
    maxDelayMs: durationMs(maxDelay ?? 600, "retry.maxDelay"),
    jitter: jitter ?? isExponential,
    ...(when && { when }),
  });
}

/**
 * Tasks a second, null for no limit.
 *
 * @param owner - the thing that has the limit, for the error
 * @throws CeleryError `option-invalid`
 */
export function resolveRate(rate: RateLimit | undefined, owner: string): number | null {
  if (rate !== undefined) checkOptions(rateShape, rate, owner);
  return parseRate(rate);
}

function limitMs(given: Duration | undefined, option: string): number | null {
  return given === undefined ? null : durationMs(given, option);
}
