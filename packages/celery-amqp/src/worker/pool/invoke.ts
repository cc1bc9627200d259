import { type TaskMessage, toWireException, type Tree } from "@leveret/celery-protocol";
import { checkReturned, refusedPaths } from "../../task/arguments.ts";
import { runAsTask } from "../../task/current-task.ts";
import {
  ChordEndSignal,
  IgnoreSignal,
  RejectSignal,
  ReplaceSignal,
  RetrySignal,
  SnoozeSignal,
} from "../../task/signals.ts";
import type { TaskDefinition } from "../../task/task.ts";
import type { Failure } from "../rules/failure.ts";
import type { Ending } from "../rules/outcome.ts";
import { ArgumentsInvalid, bindArguments } from "./arguments.ts";
import type { Job } from "./job.ts";
import type { RunningTask } from "./running-task.ts";
import { ConnectionLost, TaskRevoked, WorkerStopping } from "./stop-reasons.ts";

/** A task that can be run: its definition, and its handler whether it stands there or was given by `implement`. */
export interface Runnable {
  readonly definition: TaskDefinition;
  readonly handler: (...args: readonly unknown[]) => unknown;
}

/** The `run` sides of all interceptors, around a handler; null where there are none. */
export type Intercept = (task: TaskMessage, handler: () => Promise<unknown>) => Promise<unknown>;

/** Calls a task's handler and tells how it ended. Never rejects: this is the place where anything thrown becomes a value. */
export async function invoke(
  job: Job,
  { definition, handler }: Runnable,
  running: RunningTask,
  intercept: Intercept | null,
): Promise<Ending> {
  try {
    const bound = bindArguments(definition, job.task);
    const args = bound instanceof Promise ? await bound : bound;
    const call = (): unknown => runAsTask(running, () => handler(running, ...args));
    const result = await (intercept === null ? call() : intercept(job.task, async () => call()));
    if (definition.returns !== null) await checkReturned(definition, result);
    return { kind: "succeeded", result: (result ?? null) as Tree };
  } catch (error) {
    return endingOf(job, error, running.abortReason);
  }
}

/** How a run ended that threw. */
export function endingOf(job: Job, error: unknown, abortReason: unknown): Ending {
  // Before what the handler asks for: a revoked task must not come back by a retry, nor a redelivered one twice.
  if (abortReason instanceof TaskRevoked) return { kind: "terminated" };
  if (abortReason instanceof ConnectionLost) return { kind: "interrupted" };
  if (error instanceof RetrySignal) return retryEnding(error);
  if (error instanceof SnoozeSignal) return { kind: "snoozed", delayMs: error.delayMs };
  if (error instanceof IgnoreSignal) return { kind: "ignored" };
  if (error instanceof ReplaceSignal) return { kind: "replaced", by: error.by };
  if (error instanceof ChordEndSignal) return { kind: "chord-ended", body: error.body, end: error.outcome };
  if (error instanceof RejectSignal) return { kind: "rejected", requeue: error.requeue };
  if (error instanceof ArgumentsInvalid) return { kind: "invalid", failure: invalidArguments(error) };
  if (abortReason instanceof WorkerStopping) return { kind: "interrupted" };
  return failedEnding(job, causedByAbort(error, abortReason) ? abortReason : error);
}

function retryEnding(signal: RetrySignal): Ending {
  const cause = signal.cause === undefined ? null : failureOf(signal.cause);
  return { kind: "retry", delayMs: signal.delayMs, cause, traceback: tracebackOf(signal) };
}

function failedEnding(job: Job, error: unknown): Ending {
  return { kind: "failed", failure: failureOf(error), retryable: isRetryable(job, error) };
}

/** Platform calls answer an aborted signal with its reason or with an AbortError of their own; both mean the reason. */
function causedByAbort(error: unknown, abortReason: unknown): boolean {
  if (abortReason === undefined) return false;
  return error === abortReason || (error instanceof Error && error.name === "AbortError");
}

/** A predicate that throws has not said yes. */
function isRetryable(job: Job, error: unknown): boolean {
  const { when } = job.policy.retry;
  if (when === undefined) return true;
  try {
    return when(error);
  } catch {
    return false;
  }
}

function invalidArguments(error: ArgumentsInvalid): Failure {
  const exception = { module: "builtins", type: error.pythonType, args: [error.message] };
  return { exception, traceback: null, error, withoutValues: `${error.pythonType}: ${error.withoutValues}` };
}

function failureOf(error: unknown): Failure {
  const paths = refusedPaths(error);
  const failure = { exception: toWireException(error), traceback: tracebackOf(error), error };
  return paths === null ? failure : { ...failure, withoutValues: `CeleryError: ${paths}` };
}

/** The stack, and below it those of the causes, as Python's tracebacks show them. */
function tracebackOf(error: unknown): string | null {
  const stacks: string[] = [];
  let current = error;
  while (current instanceof Error && stacks.length < 8) {
    stacks.push(current.stack ?? `${current.name}: ${current.message}`);
    current = current.cause;
  }
  return stacks.length === 0 ? null : stacks.join("\nCaused by: ");
}
