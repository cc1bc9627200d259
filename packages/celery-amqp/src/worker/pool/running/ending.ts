import { toWireException, type Tree } from "@leveret/celery-protocol";
import { readable } from "../../../ports/foreign.ts";
import { cut, fieldOf, isA, tracebackOf } from "../../../ports/thrown.ts";
import { refusedPaths } from "../../../task/arguments.ts";
import {
  ChordEndSignal,
  IgnoreSignal,
  RejectSignal,
  ReplaceSignal,
  RetrySignal,
  SnoozeSignal,
} from "../../../task/signals.ts";
import type { Failure } from "../../rules/failure.ts";
import type { Ending } from "../../rules/outcome.ts";
import { ArgumentsInvalid } from "../../../task/binding.ts";
import { copyWithin } from "../pipe/serialization.ts";
import type { Job } from "./job.ts";
import { ConnectionLost, TaskRevoked, WorkerStopping } from "../../../task/stop-reasons.ts";

/** Bytes of all arguments of an exception; what is more stands there as a short string. */
const longestArgument = 65_536;

/** Arguments of an exception; no honest one has more. */
const mostArguments = 100;

/** How a run ended that threw. Never rejects, whatever was thrown. */
export async function endingOf(job: Job, thrown: unknown, abortReason: unknown): Promise<Ending> {
  // Before what the handler asks for: a revoked task must not come back by a retry, nor a redelivered one twice.
  if (abortReason instanceof TaskRevoked) return { kind: "terminated" };
  if (abortReason instanceof ConnectionLost) return { kind: "interrupted" };
  const steered = steering(thrown);
  if (steered !== null) return steered;
  if (abortReason instanceof WorkerStopping) return { kind: "interrupted" };
  return failedEnding(job, causedByAbort(thrown, abortReason) ? abortReason : thrown);
}

/** The failure that a thrown value stands for. Never throws. */
export function failureOf(thrown: unknown): Failure {
  const { type, module, args } = toWireException(thrown);
  const exception = { type, module, args: args.slice(0, mostArguments).map(portable) };
  const failure = { exception, traceback: tracebackOf(thrown), error: thrown };
  const paths = refusedPaths(thrown);
  return paths === null ? failure : { ...failure, withoutValues: `CeleryError: ${paths}` };
}

/** What the handler asked for by throwing; null where it did not, or a Proxy of that does not let itself be read. */
function steering(thrown: unknown): Ending | null {
  try {
    if (thrown instanceof RetrySignal) return retryEnding(thrown);
    if (thrown instanceof SnoozeSignal) return { kind: "snoozed", delayMs: thrown.delayMs };
    if (thrown instanceof IgnoreSignal) return { kind: "ignored" };
    if (thrown instanceof ReplaceSignal) return { kind: "replaced", by: thrown.by };
    if (thrown instanceof ChordEndSignal) return { kind: "chord-ended", body: thrown.body, end: thrown.outcome };
    if (thrown instanceof RejectSignal) return { kind: "rejected", requeue: thrown.requeue, reason: thrown.reason };
    if (thrown instanceof ArgumentsInvalid) return { kind: "invalid", failure: invalidArguments(thrown) };
    return null;
  } catch {
    return null;
  }
}

function retryEnding(signal: RetrySignal): Ending {
  const cause = signal.cause === undefined ? null : failureOf(signal.cause);
  const { delayMs, changes } = signal;
  return { kind: "retry", delayMs, cause, traceback: tracebackOf(signal), ...(changes && { changes }) };
}

async function failedEnding(job: Job, error: unknown): Promise<Ending> {
  return { kind: "failed", failure: failureOf(error), retryable: await isRetryable(job, error) };
}

/** Platform calls answer an aborted signal with its reason or with an AbortError of their own; both mean the reason. */
function causedByAbort(thrown: unknown, abortReason: unknown): boolean {
  if (abortReason === undefined) return false;
  return thrown === abortReason || (isA(thrown, Error) && fieldOf(thrown, "name") === "AbortError");
}

/** A predicate that throws counts as false. */
async function isRetryable(job: Job, error: unknown): Promise<boolean> {
  const { when } = job.policy.retry;
  if (when === undefined) return true;
  try {
    return await when(error);
  } catch {
    return false;
  }
}

function invalidArguments(error: ArgumentsInvalid): Failure {
  const exception = { module: "builtins", type: error.pythonType, args: [error.message] };
  return { exception, traceback: null, error, withoutValues: `${error.pythonType}: ${error.withoutValues}` };
}

/** An argument as the message can carry it. */
function portable(argument: unknown): Tree {
  if (typeof argument === "string") return cut(argument, longestArgument);
  try {
    return copyWithin(argument, longestArgument) as Tree;
  } catch {
    const shown = readable(argument);
    return cut(typeof shown === "string" ? shown : JSON.stringify(shown), 1_024);
  }
}
