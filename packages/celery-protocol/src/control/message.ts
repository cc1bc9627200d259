import type { Tree } from "../content/tree.ts";
import type { Address } from "../wire/message.ts";

/** One request of remote control, sent to all workers; each checks whether it is addressed. */
export interface ControlRequest {
  /** Name of the command: `ping`, `revoke`, … See `ControlCommands`. */
  readonly method: string;
  /** Arguments by name. */
  readonly arguments: Readonly<Record<string, Tree>>;
  /** Node names of the addressed workers; null or empty for no such list. */
  readonly destination: readonly string[] | null;
  /** Pattern of node names, by `matcher`. */
  readonly pattern: string | null;
  /** `glob` or `pcre`. */
  readonly matcher: string | null;
  /** Correlates the replies to this request; null for no replies. */
  readonly ticket: string | null;
  /** Address of replies; null for no replies. */
  readonly replyTo: Address | null;
  /** The sender's Lamport clock, header `clock`. */
  readonly clock: number;
  /**
   * When the sender stops waiting, seconds since the epoch, header `expires`; null for never. Celery's workers ignore
   * it.
   */
  readonly expires: number | null;
}

/** One worker's answer. */
export interface ControlReply {
  /** Node name of the worker. */
  readonly nodeName: string;
  /** What the command returned: `{"ok": …}`, `{"error": …}`, any other value, or null. */
  readonly reply: Tree;
  /** The ticket of the request; null where the message has none. */
  readonly ticket: string | null;
  /** The worker's Lamport clock, header `clock`. */
  readonly clock: number;
}
