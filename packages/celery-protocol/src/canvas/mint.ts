import type { Tree } from "../content/tree.ts";
import type { Budget } from "../wire/budget.ts";

/** Ids, time, origin and routes for composing messages. */
export interface Mint {
  /** A new task or group id. */
  readonly id: () => string;
  /** Milliseconds since the epoch, at this call. */
  readonly now: number;
  /** Node name of the sender. */
  readonly origin: string;
  /** Default reply queue; null is none. */
  readonly replyTo: string | null;
  /** Limits of the caused messages. Default: see `Budget`. */
  readonly budget?: Budget;
  /**
   * Returns the route of a call, which its own options override. Default: no routes.
   *
   * @param name - the name to route by: of the task, or of the task that a map or starmap calls
   * @param task - of the message
   */
  readonly routeOf?: (name: string, task: string) => WireRoute;
}

/** Default options of the calls of a task. */
export interface WireRoute {
  /** Call options by Celery's names. */
  readonly options: Readonly<Record<string, Tree>>;
  /** Protocol of the message. Default 2. */
  readonly protocol?: 1 | 2;
}
