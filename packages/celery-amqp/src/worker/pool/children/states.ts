/**
 * The states of a child. A crash leads from any of them to `gone`.
 *
 * - `starting`: loads the module
 * - `idle`: has its tasks, runs none
 * - `busy`: runs one
 * - `closing`: has reached a limit or is surplus, and was requested to end
 * - `killed`: is being ended, whatever it does
 * - `gone`: its process or thread has ended
 */
export type ChildState = "starting" | "idle" | "busy" | "closing" | "killed" | "gone";

/** What moves a child on. */
export type ChildMove = "ready" | "run" | "done" | "close" | "kill" | "exit";

/** The whole table; a pair that is missing changes nothing. */
export const childTransitions: Readonly<Record<ChildState, Partial<Record<ChildMove, ChildState>>>> = {
  starting: { ready: "idle", kill: "killed", exit: "gone" },
  idle: { run: "busy", close: "closing", kill: "killed", exit: "gone" },
  busy: { done: "idle", kill: "killed", exit: "gone" },
  closing: { kill: "killed", exit: "gone" },
  killed: { exit: "gone" },
  gone: {},
};
