import { ProtocolError, PythonError } from "@leveret/celery-protocol";
import { CeleryError, PublishTimeoutError, SendManyError, UnroutableError } from "../../ports/errors.ts";
import { showValue } from "../../ports/show.ts";
import { ResultTimeoutError, TaskFailedError, TaskRevokedError } from "../../task/errors.ts";
import { ArgumentsInvalid } from "./arguments.ts";
import * as stopReasons from "./stop-reasons.ts";

/** An error on its way between a child and its parent. */
export interface PackedError {
  /** Name of its class where both sides know it, else null. */
  readonly className: string | null;
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** Its own fields: `code`, `pythonType`, … */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Absent where it has none. */
  readonly cause?: unknown;
}

type AnyErrorClass = abstract new (...args: never[]) => Error;

/** Classes that handlers and those who read outcomes tell apart by `instanceof`. */
const known: readonly AnyErrorClass[] = [
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  CeleryError,
  UnroutableError,
  PublishTimeoutError,
  SendManyError,
  TaskFailedError,
  TaskRevokedError,
  ResultTimeoutError,
  ProtocolError,
  PythonError,
  ArgumentsInvalid,
  ...Object.values(stopReasons),
];

const classes: ReadonlyMap<string, AnyErrorClass> = new Map(known.map((each) => [each.name, each]));

/** Fields that have places of their own. */
const apart: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);

/**
 * An error as plain values. Its own fields cross as far as `packField` can carry them, its causes with them.
 */
export function packError(error: Error, packField: (value: unknown) => unknown): PackedError {
  const own = Object.keys(error).filter((field) => !apart.has(field));
  return {
    className: known.includes(error.constructor as never) ? error.constructor.name : null,
    name: textOf(error, "name"),
    message: textOf(error, "message"),
    stack: typeof error.stack === "string" ? error.stack : null,
    fields: Object.fromEntries(own.map((field) => [field, packField(Reflect.get(error, field))])),
    ...("cause" in error && { cause: packField(error.cause) }),
  };
}

/** Whoever throws may have put anything there. */
function textOf(error: Error, field: "name" | "message"): string {
  const value: unknown = Reflect.get(error, field);
  return typeof value === "string" ? value : showValue(value);
}

/** The error again: of its class where that is known, else an Error of the same name. */
export function unpackError(packed: PackedError, unpackField: (value: unknown) => unknown): Error {
  const { className, name, message, stack, fields } = packed;
  const error = new Error(message, "cause" in packed ? { cause: unpackField(packed.cause) } : undefined);
  const Class = className === null ? undefined : classes.get(className);
  if (Class !== undefined) Object.setPrototypeOf(error, Class.prototype as object);
  const hidden = { configurable: true, writable: true, enumerable: false };
  if (error.name !== name) Object.defineProperty(error, "name", { ...hidden, value: name });
  Object.defineProperty(error, "stack", { ...hidden, value: stack ?? `${name}: ${message}` });
  for (const [field, value] of Object.entries(fields)) {
    Object.defineProperty(error, field, { ...hidden, enumerable: true, value: unpackField(value) });
  }
  return error;
}
