import type { TaskMessage, Tree } from "@leveret/celery-protocol";
import { checkReturned } from "../../../task/arguments.ts";
import { apart, runAsTask } from "../../../task/current-task.ts";
import type { TaskDefinition } from "../../../task/task.ts";
import type { Ending } from "../../rules/outcome.ts";
import { bindArguments } from "../../../task/binding.ts";
import { endingOf } from "./ending.ts";
import type { Job } from "./job.ts";
import type { RunningTask } from "./running-task.ts";

/** A task that can be run: its definition, and its handler whether it stands there or was given by `implement`. */
export interface Runnable {
  readonly definition: TaskDefinition;
  readonly handler: (...args: readonly unknown[]) => unknown;
}

/** The `run` sides of all interceptors, around a handler; null where there are none. */
export type Intercept = (task: TaskMessage, handler: () => Promise<unknown>) => Promise<unknown>;

/**
 * Calls a task's handler in an async context of its own, and resolves with its ending. Never rejects: a thrown value becomes
 * an ending here.
 */
export function invoke(
  job: Job,
  runnable: Runnable,
  running: RunningTask,
  intercept: Intercept | null,
): Promise<Ending> {
  return apart(() => call(job, runnable, running, intercept));
}

async function call(
  job: Job,
  { definition, handler }: Runnable,
  running: RunningTask,
  intercept: Intercept | null,
): Promise<Ending> {
  try {
    const bound = bindArguments(definition, handler, job.task);
    const args = bound instanceof Promise ? await bound : bound;
    const run = (): unknown => runAsTask(running, () => handler(running, ...args));
    const result = await (intercept === null ? run() : intercept(job.task, async () => run()));
    if (definition.returns !== null) await checkReturned(definition, result);
    return { kind: "succeeded", result: (result ?? null) as Tree };
  } catch (error) {
    return endingOf(job, error, running.abortReason);
  }
}
