import type { Tree } from "../content/tree.ts";

/** A signature, in a message (callbacks, errbacks, chain, chord) or a canvas. Source: celery/canvas.py, `Signature`. */
export interface WireSignature {
  /** Name of the task. */
  readonly task: string;
  /** Positional arguments. */
  readonly args: readonly Tree[];
  /** Keyword arguments. */
  readonly kwargs: Readonly<Record<string, Tree>>;
  /** Call options; once frozen also `task_id`, `reply_to`, `group_id`, `root_id`, stamps and the like. */
  readonly options: Readonly<Record<string, Tree>>;
  /** `chain`, `group`, `chord`, or null for a plain task. */
  readonly subtaskType: string | null;
  /** True: the result of the previous step is not prepended to the arguments. */
  readonly immutable: boolean;
  /** Keys this package does not know, kept to be forwarded. */
  readonly extra: Readonly<Record<string, Tree>>;
}
