import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { TaskContext } from "./context.ts";
import type { TaskOptions } from "./options.ts";
import type { AnyHandler } from "./task.ts";

// The forms of a definition, and how the compiler reads types from them and names what is wrong with them.

/** The handler of a task: the context first, then the arguments. */
export type Handler<A extends readonly unknown[], R> = (context: TaskContext, ...args: A) => R | Promise<R>;

/** A schema of one object. */
export type ObjectSchema = StandardSchemaV1<object, object>;

/** A schema of a tuple. */
export type TupleSchema = StandardSchemaV1<readonly unknown[], readonly unknown[]>;

/** The value that a caller passes: before defaults and coercion. */
export type Input<S> = S extends StandardSchemaV1<infer I, unknown> ? I : never;

/** The value that a handler gets: after defaults and coercion. */
export type Output<S> = S extends StandardSchemaV1<unknown, infer O> ? O : never;

/** Values in the order of a tuple schema. */
export type List<T> = T extends readonly unknown[] ? T : never;

/** All arguments but the first. */
export type Tail<A extends readonly unknown[]> = A extends readonly [unknown, ...infer Rest] ? Rest : [];

/** One name for each parameter. */
export type ParameterNames<A extends readonly unknown[]> = { readonly [Index in keyof A]-?: string };

/** Arguments of a function type by which a task is declared. */
export type DeclaredArgs<F> = F extends (...args: infer A) => unknown ? A : never;

/** Result of a function type by which a task is declared. */
export type DeclaredResult<F> = F extends (...args: never) => infer R ? Awaited<R> : never;

/** Handler of a task whose arguments travel as keyword arguments. */
export type InputHandler<S, R> = (context: TaskContext, input: Output<S>) => R | Promise<R>;

/** Handler of a task with a tuple schema. */
export type ArgsHandler<S, R> = (context: TaskContext, ...args: List<Output<S>>) => R | Promise<R>;

/** A task defined by its handler. */
export interface HandlerDefinition<A extends readonly unknown[], R> extends TaskOptions {
  /** True: the one argument, an object, travels as keyword arguments. Default false. */
  readonly keywords?: false;
  /**
   * Names of the arguments, in their order: a keyword argument is bound by its name, as in Python, where callers mix
   * both (`add.delay(1, y=2)`, `step.s(z=3)` in a chain). Default: keyword arguments are refused.
   */
  readonly parameters?: NoInfer<ParameterNames<A>>;
  /** The handler. */
  readonly run: Handler<A, R>;
}

/** A task defined by its handler, whose one argument, an object, travels as keyword arguments. */
export interface KeywordDefinition<I, R> extends TaskOptions {
  /** The one argument travels as keyword arguments. */
  readonly keywords: true;
  /** The handler. */
  readonly run: (context: TaskContext, input: I) => R | Promise<R>;
}

/** A task with an object schema, which travels as keyword arguments. */
export interface InputDefinition<S, Returns, Run> extends TaskOptions {
  /** Schema of the object. */
  readonly input: S;
  /** Schema of the result. Default: the result is what the handler returns, unchecked. */
  readonly returns?: Returns;
  /** The handler. Without it the worker gets one by `implement`. */
  readonly run?: Run;
}

/** A task with a tuple schema, which travels as positional arguments. */
export interface ArgsDefinition<S, Returns, Run> extends TaskOptions {
  /** Schema of the argument list: a tuple. */
  readonly args: S;
  /** Names of the arguments, in their order, as in `HandlerDefinition`. */
  readonly parameters?: NoInfer<ParameterNames<List<Input<S>>>>;
  /** Schema of the result. Default: the result is what the handler returns, unchecked. */
  readonly returns?: Returns;
  /** The handler. Without it the worker gets one by `implement`. */
  readonly run?: Run;
}

/** A definition that is checked as written: its schema of results and its handler are given. */
export type Complete<Definition extends { readonly returns?: unknown; readonly run?: unknown }> = Definition &
  Required<Pick<Definition, "returns" | "run">>;

/** A task declared by its type. */
export interface DeclaredOptions<Keywords extends boolean> extends TaskOptions {
  /** True: the one argument, an object, travels as keyword arguments. Default false. */
  readonly keywords?: Keywords;
}

/** Values that no serializer can encode. */
export type Unencodable = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | symbol | AnyHandler;

/** Whether a type has values that no serializer can encode, and no others; `any` and `never` have others. */
export type IsUnencodable<T> = 0 extends 1 & T
  ? false
  : [T] extends [never]
    ? false
    : [T] extends [Unencodable]
      ? true
      : false;

/**
 * Any value where an argument or the result cannot be sent, no value else. The compiler asks first with `any[]` and
 * `unknown`, to find the context of the handler.
 */
export type Unsendable<A extends readonly unknown[], R> = [0, number, unknown] extends [1 & A[number], A["length"], R]
  ? unknown
  : true extends { [Index in keyof A]: IsUnencodable<A[Index]> }[number] | IsUnencodable<Awaited<R>>
    ? unknown
    : never;

/** The type of a task with an argument or a result that cannot be sent: none that can be used. */
export type Unsent = "A Map, a Set, a function or a symbol cannot be sent: use plain objects and arrays";

/** Every option of a definition, for the message about an unknown one. */
export interface AnyDefinition extends TaskOptions {
  /** Schema of an object. */
  readonly input?: unknown;
  /** Schema of a tuple. */
  readonly args?: unknown;
  /** Schema of the result. */
  readonly returns?: unknown;
  /** Whether the one argument travels as keyword arguments. */
  readonly keywords?: boolean;
  /** Names of the arguments. */
  readonly parameters?: readonly string[];
  /** The handler. */
  readonly run?: AnyHandler;
}

/** A definition that fits no form, of unknown mistakes. */
export interface Misfit extends AnyDefinition {
  /** No definition has this property. */
  readonly "fits no form of defineTask": never;
}

/** The type that a definition would need, with the mistake in its name where the compiler would not name it. */
export type Mistake<D> = [D] extends [never]
  ? D
  : D extends AnyHandler
    ? ContextFirst
    : D extends { readonly keywords: true; readonly run: AnyHandler }
      ? Misfit & {
          readonly run: "With keywords: true a handler takes the context and one object: (context, { x, y }) => …";
        }
      : D extends { readonly parameters: readonly string[] }
        ? Misfit & { readonly parameters: 'Name each parameter behind the context once, as in ["x", "y"]' }
        : D extends { readonly run: (context: TaskContext, ...args: never) => infer R }
          ? D extends { readonly returns: infer O extends StandardSchemaV1 }
            ? Awaited<R> extends Input<O>
              ? Misfit
              : Misfit & { readonly run: (...args: never) => Input<O> }
            : Misfit
          : D extends { readonly run: AnyHandler }
            ? Misfit & { readonly run: ContextFirst }
            : Misfit;

/** The mistake of a handler whose first parameter is not the context. */
export type ContextFirst = "A handler takes the context first, then the arguments: (context, x, y) => …";
