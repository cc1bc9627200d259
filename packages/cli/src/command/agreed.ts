import { plain } from "@leveret/celery-protocol/wire";
import { type Terminal, UsageError } from "../terminal/terminal.ts";

/** The flags that answer a question in advance. */
export interface Agreement {
  readonly yes?: boolean;
  readonly force?: boolean;
}

/**
 * Asks for confirmation.
 *
 * @throws UsageError without a terminal
 */
export async function agreed(question: string, { yes, force }: Agreement, terminal: Terminal): Promise<boolean> {
  if (yes === true || force === true) return true;
  if (terminal.isInteractive) return terminal.confirm(plain(question));
  throw new UsageError(`${question} Cannot ask without a terminal. Give --yes.`);
}
