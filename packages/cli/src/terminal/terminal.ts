import { plain } from "@leveret/celery-protocol";

/** How a text is made to stand out. */
export type Paint = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** What a command needs of the world around it. */
export interface Terminal {
  /** Results: for people, or for the next program. As it is, with its own line ends. */
  out(text: string): void;
  /** One line about them. */
  err(line: string): void;
  /** Whether a person sits there who can be asked and who sees `redraw`. */
  readonly isInteractive: boolean;
  /** Whether results go to a person's screen. */
  readonly isScreen: boolean;
  /** Columns of the screen; 80 where there is none. */
  readonly columns: number;
  /** Rows of the screen; 24 where there is none. */
  readonly rows: number;
  /** The text in a colour, or as it is where colours are off (piped, `NO_COLOR`). */
  paint(paint: Paint, text: string): string;
  /** Asks a question that is answered by y or n; anything but a yes is a no. */
  confirm(question: string): Promise<boolean>;
  /** Puts a line in place of the one drawn last, on the error output; an empty one takes it away. Nothing where nobody sees it. */
  redraw(line: string): void;
  /** Aborted when the person presses Ctrl-C, or the program is told to stop. */
  readonly interrupted: AbortSignal;
}

/**
 * How the command ends: all well; something failed or was not found; asked wrongly; no worker answered, as
 * `celery inspect` has it (EX_UNAVAILABLE).
 */
export const exitCodes = { well: 0, failed: 1, usage: 2, noReply: 69 } as const;

/** Thrown when what was typed makes no sense; the message says what to type instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(plain(message));
    this.name = "UsageError";
  }
}

/** Thrown when what was asked cannot be done; the message says why, to a person. */
export class CommandError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(plain(message), options);
    this.name = "CommandError";
  }
}
