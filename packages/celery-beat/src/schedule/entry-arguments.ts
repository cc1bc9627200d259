import type { TypedTask } from "@leveret/celery-amqp";

// What the compiler knows of the arguments of an entry.

/**
 * Arguments of an entry by its task: those of its type, a single object also as keyword arguments. A task that is known by
 * its name alone takes any.
 */
export type EntryArguments<Each> = [Each] extends [TypedTask<infer A, unknown>]
  ? unknown[] extends A
    ? AnyArguments
    : [] extends A
      ? ListedArguments<A> | NoArguments
      : A extends readonly [object]
        ? ListedArguments<A> | NamedArguments<A[0]>
        : ListedArguments<A>
  : AnyArguments;

/** Arguments that nothing is known of. Default none. */
export interface AnyArguments {
  /** Positional arguments. */
  readonly args?: readonly unknown[];
  /** Keyword arguments. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/** Positional arguments. */
export interface ListedArguments<A> {
  /** The arguments, in their order. */
  readonly args: A;
  /** Not together with `args`. */
  readonly kwargs?: undefined;
}

/** Keyword arguments. */
export interface NamedArguments<Input> {
  /** Not together with `kwargs`. */
  readonly args?: undefined;
  /** The arguments, by their names. */
  readonly kwargs: Input;
}

/** No arguments. */
export interface NoArguments {
  /** None. */
  readonly args?: undefined;
  /** None. */
  readonly kwargs?: undefined;
}
