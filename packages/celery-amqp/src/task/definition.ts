import type { StandardSchemaV1 } from "@standard-schema/spec";
import { flag, functions, list, props, shape, text } from "@leveret/options";
import { checkOptions, invalidOption } from "../ports/options.ts";
import { type CallOptions, mergeOptions, type WrittenOptions } from "./call-options.ts";
import type { Duration } from "../ports/duration.ts";
import type {
  ArgsDefinition,
  ArgsHandler,
  Complete,
  DeclaredArgs,
  DeclaredOptions,
  DeclaredResult,
  Handler,
  HandlerDefinition,
  Input,
  InputDefinition,
  InputHandler,
  KeywordDefinition,
  List,
  Mistake,
  ObjectSchema,
  Output,
  Tail,
  TupleSchema,
  Unsendable,
  Unsent,
} from "./definition-shape.ts";
import { callDefaults, resolvePolicy, type TaskOptions, taskShapes } from "./options.ts";
import { createSignature, type Signature } from "./signature.ts";
import type { AnyHandler, OpenTask, TaskDefinition, TypedTask } from "./task.ts";

/**
 * A task: what sender and worker share, which is a name, types and a policy. It holds no connection.
 * `A` are the arguments that a caller gives, `R` is the result that a caller gets.
 */
export interface Task<in A extends readonly unknown[], out R> extends TypedTask<A, R> {
  /** A call with all arguments, or without its first, or without any: the previous step of a workflow supplies these. */
  readonly s: Signed<A, R>;
  /** A call that ignores the result of the previous step. */
  readonly si: (...args: A) => Signature<[], R>;
  /** The same task with other call options: `client.send(add.with({ countdown: "10s" }), 1, 2)`. */
  with<const Countdown extends Duration, const Expires extends Duration | Date>(
    options: WrittenOptions<R, Countdown, Expires>,
  ): this;
}

/** Makes calls of a task, to send later or to pass on. */
export interface Signed<in A extends readonly unknown[], out R> {
  /** A call with all its arguments. */
  (...args: A): Signature<[], R>;
  /** A call whose first argument the previous step supplies. */
  (...args: Tail<A>): A extends readonly [infer First, ...Tail<A>] ? Signature<[First], R> : never;
  /** A call without any of its arguments: all of them are supplied, as an errback's are. */
  (): Signature<A, R>;
}

/** A task that is declared without a handler: by its type, or by its schemas. */
export interface DeclaredTask<A extends readonly unknown[], R, Run extends AnyHandler = Handler<A, R>>
  extends Task<A, R>, OpenTask<Run> {
  /** Null: the handler is elsewhere. */
  readonly run: null;
}

/**
 * Defines a task: by an object schema (`input`, sent as keyword arguments), by a tuple schema (`args`, sent as positional
 * arguments), by its handler alone, or by its type alone where another program runs the task.
 *
 * The sender and the worker both check the arguments, which are sent **as the caller gave them**: the worker applies
 * defaults and coercions of the schema once, for the handler. A task without schemas is checked for the number of its
 * arguments alone: each parameter without a default value must have one, so an optional argument is written
 * `y: number = 2`, not `y?: number`. The worker checks the result and sends it as the handler returned it; the client makes
 * it into the output of the schema.
 *
 * @example
 * ```ts
 * const add = defineTask("math.add", (_context, x: number, y: number) => x + y);
 * const train = defineTask<(dataset: string, epochs: number) => { loss: number }>("ml.train", { queue: "gpu" });
 * const label = defineTask<(input: { image: string }) => string>("ml.label", { keywords: true });
 * ```
 * @throws CeleryError `option-invalid` for an unknown option and for a value that an option cannot have
 */
export function defineTask<const S extends ObjectSchema, const O extends StandardSchemaV1>(
  name: string,
  definition: Complete<InputDefinition<S, O, InputHandler<S, Input<O>>>>,
): Task<[input: Input<S>], Output<O>>;
/** Defines a task by an object schema and a handler. */
export function defineTask<const S extends ObjectSchema, R>(
  name: string,
  definition: InputDefinition<S, undefined, InputHandler<S, R>> & { readonly run: InputHandler<S, R> },
): Task<[input: Input<S>], R>;
/** Declares a task by an object schema. */
export function defineTask<const S extends ObjectSchema, const O extends StandardSchemaV1 = StandardSchemaV1>(
  name: string,
  definition: InputDefinition<S, O, undefined>,
): DeclaredTask<[input: Input<S>], Output<O>, InputHandler<S, Input<O>>>;
/** Defines a task by a tuple schema, a schema of its result and a handler. */
export function defineTask<const S extends TupleSchema, const O extends StandardSchemaV1>(
  name: string,
  definition: Complete<ArgsDefinition<S, O, ArgsHandler<S, Input<O>>>>,
): Task<List<Input<S>>, Output<O>>;
/** Defines a task by a tuple schema and a handler. */
export function defineTask<const S extends TupleSchema, R>(
  name: string,
  definition: ArgsDefinition<S, undefined, ArgsHandler<S, R>> & { readonly run: ArgsHandler<S, R> },
): Task<List<Input<S>>, R>;
/** Declares a task by a tuple schema. */
export function defineTask<const S extends TupleSchema, const O extends StandardSchemaV1 = StandardSchemaV1>(
  name: string,
  definition: ArgsDefinition<S, O, undefined>,
): DeclaredTask<List<Input<S>>, Output<O>, ArgsHandler<S, Input<O>>>;
// oxlint-disable typescript/no-explicit-any -- a parameter that has a default value and no type would be of type unknown
/** Gives no task for an argument or a result that no serializer encodes. */
export function defineTask<A extends any[], R>(name: string, run: Handler<A, R> & Unsendable<A, R>): Unsent;
/** Defines a task by its handler. */
export function defineTask<A extends any[], R>(name: string, run: Handler<A, R>): Task<A, R>;
/** Defines a task by its handler and options. */
export function defineTask<A extends any[], R>(name: string, definition: HandlerDefinition<A, R>): Task<A, R>;
// oxlint-enable typescript/no-explicit-any
/** Defines a task by a handler of one object, which is sent as keyword arguments. */
export function defineTask<I extends object, R>(name: string, definition: KeywordDefinition<I, R>): Task<[input: I], R>;
/** Declares a task by the type of its keyword arguments and its result. */
export function defineTask<F extends (input: never) => unknown>(
  name: string,
  options: DeclaredOptions<true> & { readonly keywords: true },
): DeclaredTask<DeclaredArgs<F>, DeclaredResult<F>>;
/** Declares a task by the types of its arguments and its result. */
export function defineTask<F extends (...args: never) => unknown = (...args: unknown[]) => unknown>(
  name: string,
  options?: DeclaredOptions<false>,
): DeclaredTask<DeclaredArgs<F>, DeclaredResult<F>>;
/** Names the mistake in a definition. */
export function defineTask<const D>(name: string, definition: Mistake<D>): never;
export function defineTask(name: unknown, definition: unknown = {}): unknown {
  if (typeof name !== "string" || name === "")
    throw invalidOption("defineTask", "name", name, 'Give a string such as "images.resize"');
  const owner = `task "${name}"`;
  const given = (typeof definition === "function" ? { run: definition } : definition) as AnyDefinition;
  checkOptions(definitionShape, given, owner);
  checkForms(given, owner);
  return createTask({
    kind: "task",
    name,
    passing: given.input !== undefined || given.keywords === true ? "keyword" : "positional",
    parameters: given.parameters === undefined ? null : Object.freeze([...given.parameters]),
    accepts: given.input ?? given.args ?? null,
    returns: given.returns ?? null,
    own: given,
    policy: resolvePolicy(given),
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

const schema = shape("a Standard Schema (zod, valibot, arktype, …)", isSchema);

const definitionShape = props<AnyDefinition>({
  ...taskShapes,
  input: schema,
  args: schema,
  returns: schema,
  keywords: flag,
  parameters: list(text()),
  run: functions,
});

function checkForms({ input, args, keywords, parameters }: AnyDefinition, owner: string): void {
  if (input !== undefined && args !== undefined)
    throw invalidOption(owner, "args", args, "Give input (keyword arguments) or args (positional arguments), not both");
  if (keywords === true && args !== undefined)
    throw invalidOption(owner, "keywords", keywords, "Give input for keyword arguments: args are positional");
  if (parameters === undefined) return;
  if (input !== undefined || keywords === true)
    throw invalidOption(owner, "parameters", parameters, "Leave it out: the task takes keyword arguments alone");
  if (new Set(parameters).size !== parameters.length)
    throw invalidOption(owner, "parameters", parameters, 'Give different names, as in ["x", "y"]');
}

function isSchema(value: unknown): boolean {
  const standard: unknown =
    value !== null && (typeof value === "object" || typeof value === "function") && Reflect.get(value, "~standard");
  return typeof standard === "object" && standard !== null && typeof Reflect.get(standard, "validate") === "function";
}

function createTask(definition: TaskDefinition): Task<unknown[], unknown> {
  const task: Task<unknown[], unknown> = {
    ...definition,
    s: (...args: unknown[]): never => createSignature(task, args, definition.options, false) as never,
    si: (...args: unknown[]) => createSignature(task, args, definition.options, true),
    with: (options: CallOptions) => createTask({ ...definition, options: mergeOptions(definition.options, options) }),
  };
  return Object.freeze(task);
}
