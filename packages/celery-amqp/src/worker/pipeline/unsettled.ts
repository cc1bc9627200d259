import { errorClass } from "../../ports/error-class.ts";
import { asError } from "../../ports/thrown.ts";
import { type Failure, refusedFollowUp, unwritable } from "../rules/failure.ts";
import type { Outcome } from "../rules/outcome.ts";

/**
 * How a task ends whose outcome cannot be settled: its own failure stays; anything else becomes a failure by the error that
 * settling ended in. Where the task is not the cause, its message goes to the dead queue too.
 */
export function unsettled(outcome: Outcome, thrown: unknown): Outcome {
  const error = asError(thrown);
  const isPermanent = errorClass(error, "send") === "permanent";
  const failure: Failure = failureOf(outcome) ?? (isPermanent ? refusedFollowUp(error) : unwritable(error));
  const { children, runtimeMs } = outcome;
  return isPermanent
    ? { kind: "refused", failure, children, runtimeMs }
    : { kind: "failed", failure, retryable: false, children, runtimeMs };
}

function failureOf(outcome: Outcome): Failure | null {
  return outcome.kind === "failed" || outcome.kind === "invalid" ? outcome.failure : null;
}
