import type { Tree } from "@leveret/celery-protocol";
import type { ControlRequest } from "@leveret/celery-protocol/control";
import { CeleryError } from "../../ports/errors.ts";
import { isA } from "../../ports/thrown.ts";
import { checkArguments } from "./arguments.ts";
import type { Panel } from "./command.ts";
import type { ControlledWorker } from "./controlled-worker.ts";
import { reprError, reprText } from "./python-error.ts";

/** What a command came to; null where it is not answered. */
export type Outcome = { readonly reply: Tree } | null;

/** Runs one command; whatever goes wrong is its answer. Source: kombu/pidbox.py `Node.dispatch`. */
export async function dispatch(
  panel: Panel,
  { method, arguments: given }: Pick<ControlRequest, "method" | "arguments">,
  worker: ControlledWorker,
): Promise<Outcome> {
  const command = panel.get(method);
  if (command === undefined) return { reply: { error: `KeyError(${reprText(method)})` } };
  try {
    checkArguments(method, command, given);
    const answer = await command.run(given, worker);
    return command.isSilent === true ? null : { reply: (answer ?? null) as Tree };
  } catch (error) {
    return { reply: { error: isA(error, CeleryError) ? error.message : reprError(error) } };
  }
}
