import type { StandardSchemaV1 } from "@standard-schema/spec";
import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import { type CallOptions, mergeOptions } from "./call-options.ts";
import type { TaskContext } from "./context.ts";
import { callDefaults, resolvePolicy, type TaskOptions, taskOptionNames } from "./options.ts";
import { createSignature, type Signature } from "./signature.ts";
import type { AnyHandler, TaskDefinition, TypedTask } from "./task.ts";

/** The handler of a task: the context first, then the arguments. */
export type Handler<A extends readonly unknown[], R> = (context: TaskContext, ...args: A) => R | Promise<R>;

/**
 * What sender and worker share: a name, types, a policy. It holds no connection.
 * `A` are the arguments a caller gives, `R` is what the caller gets, `Run` is the handler.
 */
export interface Task<A extends readonly unknown[], R, Run extends AnyHandler = Handler<A, R>> extends TypedTask<A, R> {
  readonly run: Run | null;
  /** A call with all its arguments, to send later or to pass on. */
  s(...args: A): Signature<[], R>;
  /** A call whose first argument the step before supplies. */
  s(...args: Tail<A>): A extends readonly [infer First, ...Tail<A>] ? Signature<[First], R> : never;
  /** A call without any of its arguments: all of them are supplied, as an errback's are. */
  s(): Signature<A, R>;
  /** A call that ignores the result of the step before. */
  si(...args: A): Signature<[], R>;
  /** The same task with other call options: `client.send(add.with({ countdown: "10s" }), 1, 2)`. */
  with(options: CallOptions): Task<A, R, Run>;
}

type Tail<A extends readonly unknown[]> = A extends readonly [unknown, ...infer Rest] ? Rest : [];
type List<T> = T extends readonly unknown[] ? T : never;
/** What a caller may pass: before defaults and coercion. */
type Input<S> = S extends StandardSchemaV1<infer I, unknown> ? I : never;
/** What the handler sees: after them. */
type Output<S> = S extends StandardSchemaV1<unknown, infer O> ? O : never;
type Parameters<F> = F extends (...args: infer A) => unknown ? A : never;
type Returned<F> = F extends (...args: never) => infer R ? Awaited<R> : never;

/** A task whose one argument, an object, travels as keyword arguments. */
export interface InputDefinition<S, R> extends TaskOptions {
  /** Schema of the object. */
  readonly input: S;
  /** Schema of the result. Without it the result is what the handler returns, unchecked. */
  readonly returns?: undefined;
  /** The handler. Without it the worker gets one by `implement`. */
  readonly run?: (context: TaskContext, input: Output<S>) => R | Promise<R>;
}

/** The same with a schema for the result. */
export interface CheckedInputDefinition<S, O> extends TaskOptions {
  readonly input: S;
  readonly returns: O;
  readonly run?: (context: TaskContext, input: Output<S>) => Input<O> | Promise<Input<O>>;
}

/** A task whose arguments travel as a list. */
export interface ArgsDefinition<S, R> extends TaskOptions {
  /** Schema of the argument list: a tuple. */
  readonly args: S;
  /** Names of the arguments, in their order, as in `RunDefinition`. */
  readonly parameters?: readonly string[];
  /** Schema of the result. Without it the result is what the handler returns, unchecked. */
  readonly returns?: undefined;
  /** The handler. Without it the worker gets one by `implement`. */
  readonly run?: (context: TaskContext, ...args: List<Output<S>>) => R | Promise<R>;
}

/** The same with a schema for the result. */
export interface CheckedArgsDefinition<S, O> extends TaskOptions {
  readonly args: S;
  readonly parameters?: readonly string[];
  readonly returns: O;
  readonly run?: (context: TaskContext, ...args: List<Output<S>>) => Input<O> | Promise<Input<O>>;
}

/**
 * A task whose types are those of its handler. A worker checks the number of arguments alone: each parameter without a
 * default value must have one, so an optional argument is written `y: number = 2`, not `y?: number`.
 */
export interface RunDefinition<A extends readonly unknown[], R> extends TaskOptions {
  /** True: the one argument, an object, travels as keyword arguments. Default false. */
  readonly keywords?: boolean;
  /**
   * Names of the arguments, in their order: what a caller hands by keyword takes the place of its name, as in Python, whose
   * callers mix both (`add.delay(1, y=2)`, `step.s(z=3)` in a chain). Default: keyword arguments are refused.
   */
  readonly parameters?: readonly string[];
  readonly run: (context: TaskContext, ...args: A) => R | Promise<R>;
}

/** A task known by its types only, positional by default. */
export interface DeclaredOptions extends TaskOptions {
  readonly keywords?: false;
}

/** A task known by its types only, called with one object that travels as keyword arguments. */
export interface DeclaredKeywordOptions extends TaskOptions {
  readonly keywords: true;
}

/**
 * Declares a task: by an object schema (`input`, travels as keyword arguments), by a tuple schema (`args`, travels as
 * positional arguments), by its handler alone, or by its type alone where another program runs it.
 *
 * Arguments are checked on the sender and again on the worker and travel **as the caller gave them**: defaults and
 * coercions of the schema are applied once, for the handler. The result travels as the handler returned it, checked by
 * the worker and made into the schema's output by the client.
 *
 * @example
 * ```ts
 * const add = defineTask("math.add", (_context, x: number, y: number) => x + y);
 * const train = defineTask<(dataset: string, epochs: number) => { loss: number }>("ml.train", { queue: "gpu" });
 * const label = defineTask<(input: { image: string }) => string>("ml.label", { keywords: true });
 * ```
 * @throws CeleryError `option-invalid` for an option that makes no sense or that nobody knows
 */
export function defineTask<const S extends StandardSchemaV1<object, object>, const O extends StandardSchemaV1>(
  name: string,
  definition: CheckedInputDefinition<S, O>,
): Task<[input: Input<S>], Output<O>, (context: TaskContext, input: Output<S>) => Input<O> | Promise<Input<O>>>;
export function defineTask<const S extends StandardSchemaV1<object, object>, R = unknown>(
  name: string,
  definition: InputDefinition<S, R>,
): Task<[input: Input<S>], R, (context: TaskContext, input: Output<S>) => R | Promise<R>>;
export function defineTask<
  const S extends StandardSchemaV1<readonly unknown[], readonly unknown[]>,
  const O extends StandardSchemaV1,
>(
  name: string,
  definition: CheckedArgsDefinition<S, O>,
): Task<List<Input<S>>, Output<O>, (context: TaskContext, ...args: List<Output<S>>) => Input<O> | Promise<Input<O>>>;
export function defineTask<const S extends StandardSchemaV1<readonly unknown[], readonly unknown[]>, R = unknown>(
  name: string,
  definition: ArgsDefinition<S, R>,
): Task<List<Input<S>>, R, (context: TaskContext, ...args: List<Output<S>>) => R | Promise<R>>;
export function defineTask<A extends unknown[], R>(name: string, definition: RunDefinition<A, R>): Task<A, R>;
export function defineTask<A extends unknown[], R>(
  name: string,
  run: (context: TaskContext, ...args: A) => R | Promise<R>,
): Task<A, R>;
export function defineTask<F extends (input: never) => unknown>(
  name: string,
  options: DeclaredKeywordOptions,
): Task<Parameters<F>, Returned<F>>;
export function defineTask<F extends (...args: never) => unknown = (...args: unknown[]) => unknown>(
  name: string,
  options?: DeclaredOptions,
): Task<Parameters<F>, Returned<F>>;
export function defineTask(name: unknown, definition: unknown = {}): unknown {
  if (typeof name !== "string" || name === "")
    refuse(`A task's name is ${showValue(name)}: give it a text such as "images.resize"`);
  const where = `defineTask("${name}")`;
  const given = checkDefinition(typeof definition === "function" ? { run: definition } : definition, where);
  return createTask({
    kind: "task",
    name,
    passing: given.input !== undefined || given.keywords === true ? "keyword" : "positional",
    parameters: given.parameters === undefined ? null : Object.freeze([...given.parameters]),
    accepts: given.input ?? given.args ?? null,
    returns: given.returns ?? null,
    policy: resolvePolicy(given, where),
    options: callDefaults(given),
    run: given.run ?? null,
  });
}

interface AnyDefinition extends TaskOptions {
  readonly input?: StandardSchemaV1;
  readonly args?: StandardSchemaV1;
  readonly returns?: StandardSchemaV1;
  readonly keywords?: boolean;
  readonly parameters?: readonly string[];
  readonly run?: AnyHandler;
}

const definitionNames = new Set([...taskOptionNames, "input", "args", "returns", "keywords", "parameters", "run"]);

function checkDefinition(definition: unknown, where: string): AnyDefinition {
  if (typeof definition !== "object" || definition === null)
    refuse(`${where}: the second argument must be a handler or an object of options`);
  const unknown = Object.keys(definition).find((option) => !definitionNames.has(option));
  if (unknown !== undefined)
    refuse(`${where}: there is no option "${unknown}"; there are ${[...definitionNames].join(", ")}`);
  const given: AnyDefinition = definition;
  checkForms(given, where);
  for (const schema of ["input", "args", "returns"] as const) {
    if (given[schema] !== undefined && !isSchema(given[schema]))
      refuse(`${where}: ${schema} must be a Standard Schema (zod, valibot, arktype, …)`);
  }
  return given;
}

function checkForms({ input, args, keywords, parameters, run }: AnyDefinition, where: string): void {
  if (input !== undefined && args !== undefined)
    refuse(`${where}: give input (keyword arguments) or args (positional arguments), not both`);
  if (keywords === true && args !== undefined)
    refuse(`${where}: args travel as positional arguments; use input for keywords`);
  if (keywords !== undefined && typeof keywords !== "boolean") refuse(`${where}: keywords must be true or false`);
  if (parameters !== undefined) checkParameters(parameters, input !== undefined || keywords === true, where);
  if (run !== undefined && typeof run !== "function") refuse(`${where}: run must be a function`);
}

function checkParameters(parameters: unknown, isByKeyword: boolean, where: string): void {
  if (isByKeyword) refuse(`${where}: parameters name arguments by position, and this task takes keywords alone`);
  const isList = Array.isArray(parameters) && parameters.every((name) => typeof name === "string" && name !== "");
  if (!isList || new Set(parameters).size !== parameters.length)
    refuse(`${where}: parameters must be a list of different names, as in ["x", "y"]`);
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}

function isSchema(value: unknown): boolean {
  const standard: unknown =
    value !== null && (typeof value === "object" || typeof value === "function") && Reflect.get(value, "~standard");
  return typeof standard === "object" && standard !== null && typeof Reflect.get(standard, "validate") === "function";
}

function createTask(definition: TaskDefinition): Task<unknown[], unknown, AnyHandler> {
  const task: Task<unknown[], unknown, AnyHandler> = {
    ...definition,
    s: (...args: unknown[]): never => createSignature(task, args, definition.options, false) as never,
    si: (...args: unknown[]) => createSignature(task, args, definition.options, true),
    with: (options: CallOptions) => createTask({ ...definition, options: mergeOptions(definition.options, options) }),
  };
  return Object.freeze(task);
}
