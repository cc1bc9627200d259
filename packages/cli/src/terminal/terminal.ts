import { plain } from "@leveret/celery-protocol/wire";

/** A style of text. */
export type Paint = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Input and output of a command. */
export interface Terminal {
  /** Writes results, unchanged, with their own line ends. */
  out(text: string): void;
  /** Writes one line to the error output. */
  err(line: string): void;
  /** Whether the terminal is interactive: for questions and `redraw`. */
  readonly isInteractive: boolean;
  /** Whether the output is a screen. */
  readonly isScreen: boolean;
  /** Columns of the screen; 80 where there is none. */
  readonly columns: number;
  /** Rows of the screen; 24 where there is none. */
  readonly rows: number;
  /** The text in a colour, or unchanged where colours are off (piped, `NO_COLOR`). */
  paint(paint: Paint, text: string): string;
  /** Asks a question with the answers y and n; any other answer is n. */
  confirm(question: string): Promise<boolean>;
  /**
   * Replaces the last drawn line on the error output; an empty one removes it. No effect on a terminal that is not
   * interactive.
   */
  redraw(line: string): void;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly interrupted: AbortSignal;
}

/**
 * Exit codes: success; a failure, or something was not found; a usage error; no reply of a worker, as `celery inspect`
 * has it (EX_UNAVAILABLE).
 */
export const exitCodes = { well: 0, failed: 1, usage: 2, noReply: 69 } as const;

/** A usage error; the message has what to type instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(plain(message));
    this.name = "UsageError";
  }
}

/** A failed command; the message has the reason. */
export class CommandError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(plain(message), options);
    this.name = "CommandError";
  }
}
