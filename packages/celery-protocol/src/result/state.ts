/** States that Celery itself names (celery/states.py). A task may report any other string. */
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

/** Final states: `get` returns or throws. Source: celery/states.py `READY_STATES`. */
export const READY_STATES: ReadonlySet<string> = new Set(["SUCCESS", "FAILURE", "REVOKED"]);

/** States whose result is an exception. Source: celery/states.py `EXCEPTION_STATES`. */
export const EXCEPTION_STATES: ReadonlySet<string> = new Set(["RETRY", "FAILURE", "REVOKED"]);

/** States whose exception `get` throws. Source: celery/states.py `PROPAGATE_STATES`. */
export const PROPAGATE_STATES: ReadonlySet<string> = new Set(["FAILURE", "REVOKED"]);

const BUILTIN_STATES: ReadonlySet<string> = new Set([
  "PENDING",
  "RECEIVED",
  "STARTED",
  "SUCCESS",
  "FAILURE",
  "RETRY",
  "REVOKED",
  "IGNORED",
  "REJECTED",
] satisfies readonly BuiltinState[]);

const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ["SUCCESS", 0],
  ["FAILURE", 1],
  ["REVOKED", 3],
  ["STARTED", 4],
  ["RECEIVED", 5],
  ["REJECTED", 6],
  ["RETRY", 7],
  ["PENDING", 8],
]);
const CUSTOM = 2;

/** Whether the state is final. */
export function isReady(state: string): boolean {
  return READY_STATES.has(state);
}

/** Whether Celery defines the state; tasks that report custom states must choose another name. */
export function isBuiltinState(state: string): state is BuiltinState {
  return BUILTIN_STATES.has(state);
}

/**
 * The precedence of a state, for monitors that receive states out of order: the lowest number wins. Custom states are
 * between FAILURE and REVOKED. Source: celery/states.py `precedence`.
 */
export function precedence(state: string): number {
  return PRECEDENCE.get(state) ?? CUSTOM;
}
