/** States that Celery itself names (celery/states.py). A task may report any other text besides. */
export type BuiltinState =
  | "PENDING"
  | "RECEIVED"
  | "STARTED"
  | "SUCCESS"
  | "FAILURE"
  | "RETRY"
  | "REVOKED"
  | "IGNORED"
  | "REJECTED";
