import { type Span, SpanStatusCode } from "@opentelemetry/api";

/** Errors that a handler throws to control the worker, which are no failures, by their name. */
const steering: ReadonlyMap<string, string> = new Map([
  ["Retry", "RETRY"],
  ["Snooze", "RETRY"],
  ["Ignore", "IGNORED"],
  ["Reject", "REJECTED"],
  ["Replace", "IGNORED"],
  ["ChordEnd", "SUCCESS"],
]);

/** Records the error of a handler in its run's span. */
export function recordThrown(span: Span, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const state = steering.get(error.name);
  if (state === undefined) {
    span.setAttribute("celery.state", "FAILURE");
    recordFailure(span, error);
    return;
  }
  span.setAttribute("celery.state", state);
  if (state !== "RETRY") return;
  const { cause } = error;
  span.setAttribute("celery.retry.reason", cause instanceof Error ? cause.message : error.message);
  if (cause instanceof Error) span.recordException(cause);
}

/** Records a failure in a span. */
export function recordFailure(span: Span, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  span.recordException(error);
  span.setAttribute("error.type", code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}
