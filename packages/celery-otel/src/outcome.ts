import { type Span, SpanStatusCode } from "@opentelemetry/api";

/** What a handler throws to steer the worker, which is no failure: by the name of the error. */
const steering: ReadonlyMap<string, string> = new Map([
  ["Retry", "RETRY"],
  ["Snooze", "RETRY"],
  ["Ignore", "IGNORED"],
  ["Reject", "REJECTED"],
  ["Replace", "IGNORED"],
  ["ChordEnd", "SUCCESS"],
]);

/** Tells a run's span how the handler ended by throwing. */
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

/** Tells a span that its work failed. */
export function recordFailure(span: Span, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  span.recordException(error);
  span.setAttribute("error.type", code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
}
