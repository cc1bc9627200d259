import type { Tree } from "../content/tree.ts";
import type { Budget } from "../wire/budget.ts";

/** What composing messages needs of the world. */
export interface Mint {
  /** A new task or group id. */
  readonly id: () => string;
  /** Milliseconds since the epoch, as of this call. */
  readonly now: number;
  /** Node name of the sender. */
  readonly origin: string;
  /** Where results are awaited that name no place of their own; null is nowhere. */
  readonly replyTo: string | null;
  /** What may be caused at once. Default: see `Budget`. */
  readonly budget?: Budget;
  /**
   * The route of a call, merged under its own options. Default: no call has one.
   *
   * @param name - to route by: of the task, or of the task that a map or starmap calls
   * @param task - of the message
   */
  readonly routeOf?: (name: string, task: string) => WireRoute;
}

/** What is said of the calls of a task where they say nothing themselves. */
export interface WireRoute {
  /** Call options by Celery's names. */
  readonly options: Readonly<Record<string, Tree>>;
  /** Protocol of the message. Default 2. */
  readonly protocol?: 1 | 2;
}
