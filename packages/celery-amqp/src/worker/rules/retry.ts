import { formatIso, type TaskMessage, type WireTime } from "@leveret/celery-protocol";
import type { Routing, Sending } from "@leveret/celery-protocol/canvas";
import type { RetryChanges, RetryPolicy } from "../../task/policy.ts";
import { withoutWay } from "./arrival.ts";
import type { Request } from "./request.ts";
import type { RuleContext } from "./context.ts";

/**
 * Whether one more run is allowed after this one. Celery counts retries, we count runs: `attempts` 4 is `max_retries` 3.
 *
 * @param attempts - for this retry alone; null takes the policy's
 */
export function mayRunAgain({ task, policy }: Request, attempts: number | null = null): boolean {
  return task.retries + 1 < (attempts ?? policy.retry.attempts);
}

/**
 * How long the policy waits before the next run. `exponential` is Celery's formula: the delay times two to the number of
 * retries so far, at most `maxDelayMs`. With jitter it is a random whole number of seconds up to that, inclusive.
 * Source: celery/utils/time.py `get_exponential_backoff_interval`.
 */
export function retryDelayMs(policy: RetryPolicy, retries: number, random: () => number): number {
  const waitMs =
    policy.backoff === "fixed" ? policy.delayMs : Math.min(policy.maxDelayMs, policy.delayMs * 2 ** retries);
  return policy.jitter ? jittered(waitMs, random) : waitMs;
}

/** Whole seconds as Celery draws them; milliseconds where the wait is shorter than a second. */
function jittered(waitMs: number, random: () => number): number {
  const unitMs = waitMs < 1000 ? 1 : 1000;
  return Math.floor(random() * (Math.floor(waitMs / unitMs) + 1)) * unitMs;
}

/** A run that follows: how long it waits, whether it counts as an attempt, and what its message has of its own. */
export interface NextRun {
  readonly delayMs: number;
  readonly counted: boolean;
  readonly changes?: RetryChanges | undefined;
}

/**
 * The message of the next run. It keeps all fields but the count, the eta, those of the delivery, and the changes of the task;
 * a task without a parent becomes its own parent, since Celery sends it from within the task.
 * Source: celery/app/task.py `signature_from_request`.
 */
export function nextRun(request: Request, { delayMs, counted, changes }: NextRun, context: RuleContext): Sending {
  const { task } = request;
  return {
    task: {
      ...task,
      extraHeaders: withoutWay(task.extraHeaders),
      ...changes?.fields,
      lang: "js",
      retries: counted ? task.retries + 1 : task.retries,
      expires: expiryOf(task, changes, context.now),
      expirationMs: null,
      eta: delayMs > 0 ? timeAt(context.now + delayMs) : null,
      rootId: task.rootId ?? task.id,
      parentId: task.parentId ?? task.id,
      deliveryInfo: null,
    },
    to: { ...wayBack(request), ...changes?.to },
  };
}

/** The wait of a retry: to its eta, else what it asks for, else the policy's. */
export function waitOf(
  request: Request,
  { delayMs, changes }: { readonly delayMs: number | null; readonly changes?: RetryChanges | undefined },
  context: RuleContext,
): number {
  const etaMs = changes?.etaMs ?? null;
  if (etaMs !== null) return Math.max(0, etaMs - context.now);
  return delayMs ?? retryDelayMs(request.policy.retry, request.task.retries, context.random);
}

function expiryOf({ expires }: TaskMessage, changes: RetryChanges | undefined, now: number): WireTime | null {
  const changed = changes?.expires ?? null;
  if (changed === null) return expires;
  return timeAt("atMs" in changed ? changed.atMs : now + changed.inMs);
}

function timeAt(epochMs: number): WireTime {
  return { epochMs, text: formatIso(epochMs) };
}

/** Where it was sent to. */
function wayBack({ task, queue }: Request): Routing {
  const { exchange, routingKey } = task.deliveryInfo ?? { exchange: "", routingKey: queue };
  return { queue: null, exchange, routingKey, routeName: task.task, isNamed: true };
}
