import type { TaskPolicy } from "../../task/policy.ts";

/** A task as far as an operator asks for its attributes. */
export interface DescribedTask {
  readonly name: string;
  readonly policy: TaskPolicy;
  /** The rate limit that was set last: `"10/m"`, 5, or null for none. */
  readonly rateLimit: number | string | null;
  readonly queue: string | null;
  readonly priority: number | null;
}

/** The attributes that Celery's workers show by default. */
const usualAttributes = ["exchange", "routing_key", "rate_limit"];

/**
 * A task in the list of registered ones: its name, and those of the attributes that are set, `demo.limited [rate_limit=2/s]`.
 * Attributes that a task here does not have are left out. Source: celery/worker/control.py `registered`.
 */
export function describeTask(task: DescribedTask, attributes: readonly string[]): string {
  const shown = (attributes.length === 0 ? usualAttributes : attributes).flatMap((name) => {
    const value = attributeOf(task, name);
    return value === null ? [] : [`${name}=${value}`];
  });
  return shown.length === 0 ? task.name : `${task.name} [${shown.join(" ")}]`;
}

function attributeOf({ name: taskName, policy, ...said }: DescribedTask, name: string): string | null {
  switch (name) {
    case "name":
      return taskName;
    case "rate_limit":
      return said.rateLimit === null ? null : String(said.rateLimit);
    case "queue":
      return said.queue;
    case "priority":
      return said.priority === null ? null : String(said.priority);
    case "max_retries":
      return String(policy.retry.attempts - 1);
    case "default_retry_delay":
      return String(policy.retry.delayMs / 1_000);
    case "time_limit":
      return secondsOf(policy.timeLimitMs);
    case "soft_time_limit":
      return secondsOf(policy.softTimeLimitMs);
    default:
      return flagOf(policy, name);
  }
}

function flagOf(policy: TaskPolicy, name: string): string | null {
  const flags: Readonly<Record<string, boolean>> = {
    acks_late: policy.acks === "late",
    acks_on_failure_or_timeout: policy.acksOnFailure,
    ignore_result: policy.ignoreResult,
    reject_on_worker_lost: policy.rejectOnWorkerLost,
    send_events: policy.sendEvents,
    store_errors_even_if_ignored: policy.storeErrorsEvenIfIgnored,
    track_started: policy.trackStarted,
  };
  if (!Object.hasOwn(flags, name)) return null;
  return flags[name] === true ? "True" : "False";
}

function secondsOf(ms: number | null): string | null {
  return ms === null ? null : String(ms / 1_000);
}
