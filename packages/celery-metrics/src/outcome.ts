import type { CeleryErrorCode } from "@leveret/celery-amqp";

const codes: Readonly<Record<CeleryErrorCode, true>> = {
  "option-invalid": true,
  "arguments-invalid": true,
  "broker-unreachable": true,
  "access-refused": true,
  "vhost-missing": true,
  "queue-mismatch": true,
  "not-found": true,
  unroutable: true,
  "publish-nacked": true,
  "publish-refused": true,
  "publish-timeout": true,
  "limit-reached": true,
  overloaded: true,
  "message-too-large": true,
  "rpc-timeout": true,
  "connection-lost": true,
  closed: true,
  "task-failed": true,
  "task-revoked": true,
  "result-timeout": true,
  "results-disabled": true,
  "results-unreachable": true,
  "results-refused": true,
  "result-lost": true,
  "task-duplicate": true,
  "task-unhandled": true,
  "pool-failed": true,
  aborted: true,
  "worker-state": true,
  "encode-failed": true,
  "chords-unsupported": true,
};

/**
 * The label of a send's outcome: the code of a CeleryError. Errors of interceptors may have any code, and are `error`.
 */
export function outcomeOf(thrown: unknown): string {
  try {
    const { code } = thrown as { readonly code?: unknown };
    return typeof code === "string" && Object.hasOwn(codes, code) ? code : "error";
  } catch {
    return "error"; // it is null, or its code cannot be read
  }
}
