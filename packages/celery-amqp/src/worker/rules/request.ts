import type { TaskMessage } from "@leveret/celery-protocol";
import type { TaskPolicy } from "../../task/policy.ts";

/** A task message that this worker was asked to run: a value, with no broker in it. Celery's word for it is the same. */
export interface Request {
  readonly task: TaskMessage;
  readonly policy: TaskPolicy;
  /** The queue it was consumed from. */
  readonly queue: string;
  /** The broker has handed it out before. */
  readonly redelivered: boolean;
}

/** Whether its results are stored. The header wins over the task's own option: celery/app/trace.py `build_tracer`. */
export function keepsResult(request: Pick<Request, "task" | "policy">): boolean {
  return !(request.task.ignoreResult ?? request.policy.ignoreResult);
}

/** Whether its result goes anywhere: to a store, a chord, a callback or the next step of its chain. */
export function needsResult({ task, policy }: Pick<Request, "task" | "policy">): boolean {
  if (keepsResult({ task, policy }) || task.chord !== null) return true;
  return task.callbacks.length > 0 || (task.chain?.length ?? 0) > 0;
}

/** Whether its failures are stored, which can be asked for even where results are ignored. */
export function keepsFailure(request: Request): boolean {
  return keepsResult(request) || request.policy.storeErrorsEvenIfIgnored;
}
