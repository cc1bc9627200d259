import { plain } from "@leveret/celery-protocol";
import { type Terminal, UsageError } from "../terminal/terminal.ts";

/** The flags by which a question is answered beforehand. */
export interface Agreement {
  readonly yes?: boolean;
  readonly force?: boolean;
}

/**
 * Whether the person wants it.
 *
 * @throws UsageError where nobody can be asked
 */
export async function agreed(question: string, { yes, force }: Agreement, terminal: Terminal): Promise<boolean> {
  if (yes === true || force === true) return true;
  if (terminal.isInteractive) return terminal.confirm(plain(question));
  throw new UsageError(`${question} Nobody is here to ask: give --yes`);
}
