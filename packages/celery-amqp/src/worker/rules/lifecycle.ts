/**
 * Where a worker is in its life.
 *
 * - `new`: made, holds nothing
 * - `starting`: connects, declares, begins to consume
 * - `running`: takes tasks
 * - `draining`: takes no more; running tasks have their grace
 * - `stopped`: everything is settled and closed; a worker does not come back from here
 */
export type WorkerState = "new" | "starting" | "running" | "draining" | "stopped";

/** What moves a worker on. */
export type WorkerMove = "start" | "started" | "failed" | "stop" | "drained";

/** The whole table; a pair that is missing must not happen. */
export const workerTransitions: Readonly<Record<WorkerState, Partial<Record<WorkerMove, WorkerState>>>> = {
  new: { start: "starting", stop: "stopped" },
  starting: { started: "running", failed: "stopped", stop: "draining" },
  running: { stop: "draining" },
  draining: { drained: "stopped" },
  stopped: {},
};

/** The state after a move; null where the table has no such move. */
export function nextState(state: WorkerState, move: WorkerMove): WorkerState | null {
  return workerTransitions[state][move] ?? null;
}
