import { expirationMs, formatIso, type Address, type WireTime } from "@leveret/celery-protocol";
import type { RetryPolicy } from "../../task/policy.ts";
import { withoutWay } from "./arrival.ts";
import type { Sending } from "./effect.ts";
import type { Request } from "./request.ts";
import type { World } from "./world.ts";

/** Whether one more run is allowed after this one. Celery counts retries, we count runs: `attempts` 4 is `max_retries` 3. */
export function mayRunAgain(request: Request): boolean {
  return request.task.retries + 1 < request.policy.retry.attempts;
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

/**
 * The message of the next run. It keeps everything but the count, the eta, and what belongs to the way it came; a task
 * without a parent becomes its own, because Celery sends it from within itself (celery-wire 10.3).
 */
export function nextRun(request: Request, delayMs: number, counted: boolean, world: World): Sending {
  const { task } = request;
  return {
    task: {
      ...task,
      lang: "js",
      retries: counted ? task.retries + 1 : task.retries,
      expirationMs: task.expires === null ? null : expirationMs(task.expires, world.now),
      eta: delayMs > 0 ? etaAt(world.now + delayMs) : null,
      rootId: task.rootId ?? task.id,
      parentId: task.parentId ?? task.id,
      extraHeaders: withoutWay(task.extraHeaders),
      deliveryInfo: null,
    },
    to: wayBack(request),
  };
}

function etaAt(epochMs: number): WireTime {
  return { epochMs, text: formatIso(epochMs) };
}

/** Where it was sent to. */
function wayBack(request: Request): Address {
  const came = request.task.deliveryInfo;
  if (came === null) return { exchange: "", routingKey: request.queue };
  return { exchange: came.exchange, routingKey: came.routingKey };
}
