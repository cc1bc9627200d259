import type { TaskPolicy } from "../../task/policy.ts";
import type { Request } from "../rules/request.ts";

/** Limits of a task's runs in milliseconds; null is none. */
export type TaskLimits = Pick<TaskPolicy, "timeLimitMs" | "softTimeLimitMs">;

/** Time limits that were set while the worker runs. They count for runs that begin later; the message's own still win. */
export class TimeLimits {
  readonly #limits = new Map<string, TaskLimits>();

  set(task: string, limits: TaskLimits): void {
    this.#limits.set(task, limits);
  }

  /** The request under the limits of now. */
  apply(request: Request): Request {
    const limits = this.#limits.size === 0 ? undefined : this.#limits.get(request.task.task);
    return limits === undefined ? request : { ...request, policy: { ...request.policy, ...limits } };
  }
}
