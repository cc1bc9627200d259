import { toValue } from "../content/to-value.ts";
import type { Tree } from "../content/tree.ts";
import { pythonName, safeModule } from "./exception-names.ts";
import type { WireException } from "./meta.ts";
import { describe, describeArguments } from "./describe.ts";

/** The fields by which an error names its Python exception. Any error may have them; `PythonError` has all. */
export interface PythonNamed {
  /** Class name: `ValueError`, or `Outer.InnerError` for a nested class. */
  readonly pythonType: string;
  /** Module of the class. Default: that of the well-known exception of this name (`builtins`, `celery.exceptions`, …). */
  readonly pythonModule?: string | null | undefined;
  /** Arguments of the exception. Default: the message alone. */
  readonly pythonArgs?: readonly unknown[] | undefined;
}

/**
 * A Python exception as a JavaScript error: thrown in a handler, Python callers catch it as that exception.
 *
 * @example
 * ```ts
 * throw new PythonError("ValueError", "amount must be positive");
 * throw new PythonError("PaymentError", [402, "no funds"], "shop.errors");
 * ```
 */
export class PythonError extends Error implements PythonNamed {
  /** Class of the exception. */
  readonly pythonType: string;
  /** Module of the class; null where there is none. */
  readonly pythonModule: string | null;
  /** Arguments of the exception. */
  readonly pythonArgs: readonly unknown[];

  /**
   * @param type - class name of the exception.
   * @param args - its message, or all of its arguments.
   * @param module - module of the class; null, the default, is that of the well-known exception of this name.
   */
  constructor(type: string, args: string | readonly unknown[] = [], module: string | null = null) {
    const list = typeof args === "string" ? [args] : args;
    super(describeArguments(list));
    this.name = type;
    this.pythonType = type;
    this.pythonModule = module;
    this.pythonArgs = list;
  }
}

/**
 * Converts the thrown value of a handler to a Python exception.
 *
 * | thrown | Python exception |
 * | --- | --- |
 * | an error with `pythonType` | that one |
 * | `Error`, `AggregateError` | `Exception`; with a system code such as ENOENT or ECONNREFUSED the matching `OSError` |
 * | `TypeError` | `TypeError` |
 * | `RangeError`, `SyntaxError`, `URIError` | `ValueError` |
 * | `ReferenceError` | `NameError` |
 * | any other error | its `name`, in the module of the well-known exception so named (`NotRegistered`: `celery.exceptions`), else in `javascript`, of which Python readers make a class |
 * | undefined | `Exception` without arguments |
 * | anything else | `Exception` with the value as its argument |
 *
 * Never throws. Arguments are unchanged; encoding replaces those that cannot be encoded by their description. Source of
 * the form: celery/backends/base.py `prepare_exception`.
 */
export function toWireException(error: unknown): WireException {
  const name = textOf(error, "name");
  const type = textOf(error, "pythonType") ?? (name === null ? null : pythonName(name, fieldOf(error, "code")));
  if (type === null) return { type: "Exception", module: "builtins", args: thrownArguments(error) };
  return { type, module: safeModule(type, textOf(error, "pythonModule")), args: argumentsOf(error) };
}

/** An error whose name is not a string may still have a message. */
function thrownArguments(thrown: unknown): readonly Tree[] {
  if (thrown === undefined) return [];
  return isError(thrown) && textOf(thrown, "message") !== null ? argumentsOf(thrown) : [thrown as Tree];
}

function isError(thrown: unknown): boolean {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

function argumentsOf(error: unknown): readonly Tree[] {
  const args = listOf(fieldOf(error, "pythonArgs"));
  if (args !== null) return args;
  const message = textOf(error, "message");
  return message === null || message === "" ? [] : [message];
}

/** A copy, since a Proxy may return other values each time. */
function listOf(value: unknown): readonly Tree[] | null {
  try {
    return Array.isArray(value) ? (Array.from(value) as readonly Tree[]) : null;
  } catch {
    return null;
  }
}

function textOf(error: unknown, field: string): string | null {
  const value = fieldOf(error, field);
  return typeof value === "string" ? value : null;
}

/** The thrown value may be an object whose getters throw. */
function fieldOf(error: unknown, field: string): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  try {
    return (error as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

const NATIVE: ReadonlyMap<string, new (message: string) => Error> = new Map([
  ["NameError", ReferenceError],
  ["SyntaxError", SyntaxError],
  ["TypeError", TypeError],
  ["ValueError", RangeError],
]);

/**
 * Converts the exception of a result to an error: of JavaScript's own class where there is one (`TypeError`,
 * `RangeError` for ValueError, `ReferenceError` for NameError, `SyntaxError`), else a `PythonError`. Its `name` is the
 * Python type, and `toWireException` converts it back to the same exception.
 */
export function fromWireException(exception: WireException): Error & PythonNamed {
  const args = exception.args.map(toValue);
  const Native = exception.module === "builtins" ? NATIVE.get(exception.type) : undefined;
  if (Native === undefined) return new PythonError(exception.type, args, exception.module);
  const named = { pythonType: exception.type, pythonModule: exception.module, pythonArgs: args };
  return Object.assign(new Native(describeArguments(args)), { name: exception.type, ...named });
}

/**
 * Describes an exception like Python's `repr`, for people: `ValueError('boom')`. Celery's `Reject` has a `repr` of its
 * own (celery/exceptions.py).
 */
export function describeException(exception: WireException): string {
  const { type, module, args } = exception;
  if (type === "Reject" && module === "celery.exceptions")
    return `reject requeue=${args[1] === true ? "True" : "False"}: ${typeof args[0] === "string" ? args[0] : "None"}`;
  return `${exception.type}(${exception.args.map((argument) => describe(argument)).join(", ")})`;
}
