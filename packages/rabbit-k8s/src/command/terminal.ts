/** Input and output of the command. */
export interface Terminal {
  /** Results: manifests, findings. */
  out(text: string): void;
  /** All messages about them. */
  err(text: string): void;
  /**
   * The text of a file; `-` is the standard input.
   *
   * @throws Error when it cannot be read.
   */
  read(file: string): string;
  /** The value of a variable of the environment. */
  variable(name: string): string | undefined;
}

/** Error codes of the system, with a description. */
const readErrors: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder; name its files",
  EACCES: "it may not be read",
};

/**
 * The text of a file.
 *
 * @throws UsageError where it cannot be read.
 */
export function readText(file: string, terminal: Terminal): string {
  try {
    return terminal.read(file);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw new UsageError(`${file}: ${readErrors[code] ?? message}`);
  }
}

/** A number of nodes; NaN where the string is none, such as the empty one of a shell variable that is not set. */
export function countOf(text: string): number {
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
}

/** Exit codes: success; findings or refusals; a usage error. */
export const exitCodes = { well: 0, found: 1, usage: 2 } as const;

/** A usage error; the message has what to type instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
