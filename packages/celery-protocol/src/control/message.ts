import type { Tree } from "../content/tree.ts";
import type { Address } from "../wire/message.ts";

/** One request of remote control, sent to all workers; each finds out for itself whether it is meant. */
export interface ControlRequest {
  /** Name of the command: `ping`, `revoke`, … See `ControlCommands`. */
  readonly method: string;
  /** Arguments by name. */
  readonly arguments: Readonly<Record<string, Tree>>;
  /** Node names of the workers that are meant; null or empty for no such list. */
  readonly destination: readonly string[] | null;
  /** What a worker's node name must fit, by `matcher`. */
  readonly pattern: string | null;
  /** `glob` or `pcre`. */
  readonly matcher: string | null;
  /** Marks the replies to this request; null where none is wanted. */
  readonly ticket: string | null;
  /** Where replies go; null where none is wanted. */
  readonly replyTo: Address | null;
  /** The sender's Lamport clock, header `clock`. */
  readonly clock: number;
  /** Until when the sender waits, seconds since the epoch, header `expires`; null without end. Celery's workers ignore it. */
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
