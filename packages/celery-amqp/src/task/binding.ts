import { toValue, type TaskMessage } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import { refusedPaths, unpackArguments } from "./arguments.ts";
import type { AnyHandler, TaskDefinition } from "./task.ts";
import { leastArguments, mostArguments, namesOf } from "./arity.ts";

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

/** A call of a task, by a message or by another task. */
export type Called = Pick<TaskMessage, "task" | "args" | "kwargs">;

/**
 * What the handler is called with after its context. A schema validates the arguments, and its output is passed on.
 * Without a schema the arguments must match the handler's parameters as in a Python call: each parameter without a
 * default value gets one, and there are no surplus ones where the task was defined by its handler alone with a fixed
 * number of parameters. Keyword arguments are refused where the task names no parameters. A promise only where a schema
 * has to be asked or keyword arguments have to be placed.
 *
 * @throws ArgumentsInvalid
 */
export function bindArguments(
  definition: TaskDefinition,
  handler: AnyHandler,
  task: Called,
): readonly unknown[] | Promise<readonly unknown[]> {
  if (definition.passing === "message") return [];
  refuseSurplus(definition, task);
  if (definition.accepts !== null || definition.passing === "keyword") return unpacked(definition, task);
  if (isEmpty(task.kwargs)) return complete(definition, handler, toValue(task.args) as readonly unknown[]);
  return unpacked(definition, task).then((args) => complete(definition, handler, args));
}

async function unpacked(definition: TaskDefinition, task: Called): Promise<readonly unknown[]> {
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

/**
 * The arguments where each parameter of the handler without a default value has one; a JSON value is never undefined.
 *
 * @throws ArgumentsInvalid in Python's words
 */
function complete(
  { name, parameters }: TaskDefinition,
  handler: AnyHandler,
  args: readonly unknown[],
): readonly unknown[] {
  const missing: string[] = [];
  for (let at = 0; at < leastArguments(handler); at += 1) {
    if (args[at] !== undefined) continue;
    const parameter = (parameters ?? namesOf(handler))[at];
    missing.push(parameter === undefined ? `argument ${at + 1}` : `'${parameter}'`);
  }
  if (missing.length === 0) return args;
  const what = `missing ${missing.length} required positional argument${missing.length === 1 ? "" : "s"}`;
  const hint = "an argument is optional where its parameter has a default value";
  throw new ArgumentsInvalid("TypeError", `${name}() ${what}: ${listed(missing)} (${hint})`);
}

/** As Python lists names: `'x', 'y', and 'z'`. */
function listed(names: readonly string[]): string {
  if (names.length < 3) return names.join(" and ");
  return `${names.slice(0, -1).join(", ")}, and ${names.at(-1)}`;
}

function refuseSurplus({ accepts, run }: TaskDefinition, { task, args }: Called): void {
  const most = accepts === null && run !== null ? mostArguments(run) : Infinity;
  if (args.length <= most) return;
  const takes = `takes ${most} positional argument${most === 1 ? "" : "s"}`;
  const given = `${args.length} ${args.length === 1 ? "was" : "were"} given`;
  throw new ArgumentsInvalid("TypeError", `${task}() ${takes} but ${given}`);
}
