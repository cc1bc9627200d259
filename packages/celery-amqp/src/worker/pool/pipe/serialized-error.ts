import { ProtocolError, PythonError } from "@leveret/celery-protocol";
import { CeleryError, PublishTimeoutError, SendManyError, UnroutableError } from "../../../ports/errors.ts";
import { fieldOf, messageOf, nameOf, stackOf } from "../../../ports/thrown.ts";
import { ResultTimeoutError, TaskFailedError, TaskRevokedError } from "../../../task/errors.ts";
import { ArgumentsInvalid } from "../../../task/binding.ts";
import * as stopReasons from "../../../task/stop-reasons.ts";

/** An error in a message between a child and its parent. */
export interface PackedError {
  /** Name of its class where both sides know it, else null. */
  readonly className: string | null;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Its own fields: `code`, `pythonType`, … */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Absent where it has none. */
  readonly cause?: unknown;
}

type AnyErrorClass = abstract new (...args: never[]) => Error;

/** Classes that handlers and readers of outcomes distinguish by `instanceof`. */
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

/** Fields that are serialized separately. */
const apart: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);

/**
 * An error as plain values. Its own fields cross as far as `packField` can carry them, its causes with them.
 */
export function packError(error: Error, packField: (value: unknown) => unknown): PackedError {
  const own = keysOf(error).filter((field) => !apart.has(field));
  return {
    className: known.find((each) => each === fieldOf(error, "constructor"))?.name ?? null,
    name: nameOf(error),
    message: messageOf(error),
    stack: stackOf(error),
    fields: Object.fromEntries(own.map((field) => [field, packField(fieldOf(error, field))])),
    ...(hasCause(error) && { cause: packField(fieldOf(error, "cause")) }),
  };
}

function keysOf(error: Error): readonly string[] {
  try {
    return Object.keys(error);
  } catch {
    return [];
  }
}

function hasCause(error: Error): boolean {
  try {
    return "cause" in error;
  } catch {
    return false;
  }
}

/** The error again: of its class where that is known, else an Error of the same name. */
export function unpackError(packed: PackedError, unpackField: (value: unknown) => unknown): Error {
  const { className, name, message, stack, fields } = packed;
  const error = new Error(message, "cause" in packed ? { cause: unpackField(packed.cause) } : undefined);
  const Class = className === null ? undefined : classes.get(className);
  if (Class !== undefined) Object.setPrototypeOf(error, Class.prototype as object);
  const hidden = { configurable: true, writable: true, enumerable: false };
  if (error.name !== name) Object.defineProperty(error, "name", { ...hidden, value: name });
  Object.defineProperty(error, "stack", { ...hidden, value: stack });
  for (const [field, value] of Object.entries(fields)) {
    Object.defineProperty(error, field, { ...hidden, enumerable: true, value: unpackField(value) });
  }
  return error;
}
