import type { StandardSchemaV1 } from "@standard-schema/spec";
import { CeleryError } from "../ports/errors.ts";
import { isA } from "../ports/thrown.ts";
import type { TaskDefinition } from "./task.ts";

/** Arguments as a message carries them. */
export interface TravellingArguments {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/**
 * A caller's arguments in the form in which they travel. They are checked by the task's schema but travel **as given**:
 * the schema's defaults and coercions are applied by the worker, once.
 *
 * @throws CeleryError `arguments-invalid`; its cause is the list of issues
 */
export function packArguments(
  task: TaskDefinition,
  args: readonly unknown[],
): TravellingArguments | Promise<TravellingArguments> {
  const what = `Arguments of task "${task.name}"`;
  if (task.passing !== "keyword") {
    const packed = { args, kwargs: {} };
    return task.accepts === null ? packed : validate(task.accepts, args, what).then(() => packed);
  }
  const [input] = args;
  if (args.length !== 1 || !isObject(input)) {
    refuse(task, `takes one object, whose properties travel as keyword arguments; it was given ${describe(args)}`);
  }
  const pack = (): TravellingArguments => ({ args: [], kwargs: { ...input } });
  return task.accepts === null ? pack() : validate(task.accepts, input, what).then(pack);
}

/**
 * Arguments that travelled, in the form in which the handler takes them after its context: checked, with the schema's
 * defaults and coercions applied.
 *
 * @throws CeleryError `arguments-invalid`; its cause is the list of issues where the schema refused them
 */
export async function unpackArguments(
  task: TaskDefinition,
  { args, kwargs }: TravellingArguments,
): Promise<readonly unknown[]> {
  const what = `Arguments of task "${task.name}"`;
  if (task.passing === "keyword") {
    if (args.length > 0) refuse(task, `takes keyword arguments only; it was given ${args.length} positional`);
    return [task.accepts === null ? kwargs : await validate(task.accepts, kwargs, what)];
  }
  const placed = placeArguments(task, args, kwargs);
  if (task.accepts === null) return placed;
  const checked = await validate(task.accepts, placed, what);
  return Array.isArray(checked) ? checked : refuse(task, "has an args schema that does not make a list");
}

/**
 * A returned value after the task's `returns` schema: what a client gets. A worker calls it to check the value,
 * and stores the value as it was.
 *
 * @throws CeleryError `arguments-invalid`; its cause is the list of issues
 */
export async function checkReturned(task: Pick<TaskDefinition, "name" | "returns">, value: unknown): Promise<unknown> {
  return task.returns === null ? value : validate(task.returns, value, `The value returned by task "${task.name}"`);
}

/** Converts keyword arguments to positional ones by their names, as a Python call does. */
function placeArguments(
  task: TaskDefinition,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  const names = Object.keys(kwargs);
  if (names.length === 0) return args;
  const { parameters } = task;
  if (parameters === null)
    refuse(task, `takes positional arguments only; it was given ${names.slice(0, 5).join(", ")} by keyword`);
  const placed = [...args];
  for (const name of names) {
    const place = parameters.indexOf(name);
    if (place === -1) refuse(task, `got an unexpected keyword argument "${name}"; it takes ${parameters.join(", ")}`);
    if (place < args.length) refuse(task, `got multiple values for argument "${name}"`);
    placed[place] = kwargs[name];
  }
  return Array.from(placed);
}

async function validate(schema: StandardSchemaV1, value: unknown, what: string): Promise<unknown> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  const shown = result.issues.slice(0, 5).map(describeIssue);
  const more = result.issues.length - shown.length;
  const text = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
  throw new CeleryError("arguments-invalid", `${what}${refusal}: ${text}`, { cause: result.issues });
}

const refusal = " did not pass its schema";

/**
 * What a schema refused, without the schema's own words, which may quote values: for logs. Null for another error.
 */
export function refusedPaths(error: unknown): string | null {
  if (!isA(error, CeleryError) || error.code !== "arguments-invalid" || !Array.isArray(error.cause)) return null;
  const paths = error.cause.slice(0, 5).map((issue: StandardSchemaV1.Issue) => pathOf(issue) || "the whole");
  return `${error.message.slice(0, error.message.indexOf(refusal))}${refusal} at ${paths.join(", ")}`;
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
  const where = pathOf(issue);
  return where === "" ? issue.message : `${where}: ${issue.message}`;
}

function pathOf({ path }: StandardSchemaV1.Issue): string {
  return (path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describe(args: readonly unknown[]): string {
  if (args.length !== 1) return `${args.length} arguments`;
  if (Array.isArray(args[0])) return "a list";
  return args[0] === null ? "null" : `a ${typeof args[0]}`;
}

function refuse(task: TaskDefinition, text: string): never {
  throw new CeleryError("arguments-invalid", `Task "${task.name}" ${text}`);
}
