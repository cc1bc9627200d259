/** What the command needs of the world. */
export interface Terminal {
  /** Results: manifests, findings. */
  out(text: string): void;
  /** Everything said about them. */
  err(text: string): void;
  /**
   * The text of a file; `-` is the standard input.
   *
   * @throws Error when it cannot be read.
   */
  read(file: string): string;
}

/** How the command ends: all well; something found or refused; asked wrongly. */
export const exitCodes = { well: 0, found: 1, usage: 2 } as const;

/** Thrown when what was typed makes no sense; the message says what to type instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
