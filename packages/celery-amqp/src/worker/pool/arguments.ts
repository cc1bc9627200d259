import { toValue, type TaskMessage } from "@leveret/celery-protocol";
import { CeleryError } from "../../ports/errors.ts";
import { refusedPaths, unpackArguments } from "../../task/arguments.ts";
import type { TaskDefinition } from "../../task/task.ts";
import { mostArguments } from "./arity.ts";

/** The arguments of a message do not fit the task. `pythonType` is what a Python worker would raise. */
export class ArgumentsInvalid extends Error {
  override readonly name = "ArgumentsInvalid";
  readonly pythonType: "TypeError" | "ValueError";
  /** The message without values, for logs. */
  readonly withoutValues: string;

  constructor(pythonType: "TypeError" | "ValueError", message: string, withoutValues: string = message) {
    super(message);
    this.pythonType = pythonType;
    this.withoutValues = withoutValues;
  }
}

/**
 * What the handler is called with after its context. Where the task has a schema it decides, and what it makes of the
 * arguments is handed in. Where it has none, arguments missing at the end are undefined, as in any JavaScript call and as
 * Python callers leave out optional ones; keyword arguments of a positional task are refused, and so are surplus ones
 * where the task was defined by its handler alone and that says how many it takes. A promise only where a schema has to
 * be asked.
 *
 * @throws ArgumentsInvalid
 */
export function bindArguments(
  definition: TaskDefinition,
  task: TaskMessage,
): readonly unknown[] | Promise<readonly unknown[]> {
  if (definition.passing === "message") return [];
  refuseSurplus(definition, task);
  const isPlain = definition.accepts === null && definition.passing === "positional" && isEmpty(task.kwargs);
  return isPlain ? (toValue(task.args) as readonly unknown[]) : unpacked(definition, task);
}

async function unpacked(definition: TaskDefinition, task: TaskMessage): Promise<readonly unknown[]> {
  try {
    return await unpackArguments(definition, {
      args: toValue(task.args) as readonly unknown[],
      kwargs: toValue(task.kwargs) as Readonly<Record<string, unknown>>,
    });
  } catch (error) {
    if (!(error instanceof CeleryError)) throw error;
    const paths = refusedPaths(error);
    throw new ArgumentsInvalid(paths === null ? "TypeError" : "ValueError", error.message, paths ?? error.message);
  }
}

function isEmpty(table: Readonly<Record<string, unknown>>): boolean {
  for (const _ in table) return false;
  return true;
}

function refuseSurplus({ accepts, run }: TaskDefinition, { task, args }: TaskMessage): void {
  const most = accepts === null && run !== null ? mostArguments(run) : Infinity;
  if (args.length <= most) return;
  const takes = `takes ${most} positional argument${most === 1 ? "" : "s"}`;
  const given = `${args.length} ${args.length === 1 ? "was" : "were"} given`;
  throw new ArgumentsInvalid("TypeError", `${task}() ${takes} but ${given}`);
}
