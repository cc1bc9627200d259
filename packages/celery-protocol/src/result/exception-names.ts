/** Module for errors that are not Python exceptions: Python readers create a class of that name. */
export const FOREIGN_MODULE = "javascript";

/** Endings of the names of exceptions in `builtins`; a reader refuses other names in that module as an attack. */
const BUILTIN_ENDING = /(?:Error|Exception|Warning|Exit|Interrupt|Iteration|Group)$/;

/** Exceptions of Python itself that errors are commonly named after. Source: Python's library reference, built-in exceptions. */
const BUILTIN_EXCEPTIONS = [
  "ArithmeticError",
  "AssertionError",
  "AttributeError",
  "BlockingIOError",
  "BrokenPipeError",
  "BufferError",
  "ChildProcessError",
  "ConnectionAbortedError",
  "ConnectionError",
  "ConnectionRefusedError",
  "ConnectionResetError",
  "EOFError",
  "Exception",
  "FileExistsError",
  "FileNotFoundError",
  "FloatingPointError",
  "ImportError",
  "IndexError",
  "InterruptedError",
  "IsADirectoryError",
  "KeyError",
  "LookupError",
  "MemoryError",
  "ModuleNotFoundError",
  "NameError",
  "NotADirectoryError",
  "NotImplementedError",
  "OSError",
  "OverflowError",
  "PermissionError",
  "ProcessLookupError",
  "RecursionError",
  "RuntimeError",
  "StopAsyncIteration",
  "StopIteration",
  "SyntaxError",
  "SystemError",
  "TimeoutError",
  "TypeError",
  "UnicodeError",
  "ValueError",
  "ZeroDivisionError",
] as const;

/** Source: celery/exceptions.py. */
const CELERY_EXCEPTIONS = [
  "AlreadyRegistered",
  "BackendError",
  "BackendGetMetaError",
  "BackendStoreError",
  "CeleryError",
  "ChordError",
  "Ignore",
  "ImproperlyConfigured",
  "IncompleteStream",
  "InvalidTaskError",
  "MaxRetriesExceededError",
  "NotRegistered",
  "QueueNotFound",
  "Reject",
  "Retry",
  "SecurityError",
  "TaskError",
  "TaskRevokedError",
] as const;

/** Source: billiard/exceptions.py. */
const BILLIARD_EXCEPTIONS = ["SoftTimeLimitExceeded", "Terminated", "TimeLimitExceeded", "WorkerLostError"] as const;

/** Source: kombu/exceptions.py. */
const KOMBU_EXCEPTIONS = [
  "ContentDisallowed",
  "DecodeError",
  "EncodeError",
  "InconsistencyError",
  "LimitExceeded",
  "OperationalError",
  "SerializationError",
  "SerializerNotInstalled",
] as const;

const MODULES: ReadonlyMap<string, string> = new Map([
  ...BUILTIN_EXCEPTIONS.map((name) => [name, "builtins"] as const),
  ...CELERY_EXCEPTIONS.map((name) => [name, "celery.exceptions"] as const),
  ...BILLIARD_EXCEPTIONS.map((name) => [name, "billiard.exceptions"] as const),
  ...KOMBU_EXCEPTIONS.map((name) => [name, "kombu.exceptions"] as const),
]);

/** The Python module of a well-known exception, or null for any other name. */
export function wellKnownModule(type: string): string | null {
  return MODULES.get(type) ?? null;
}

/**
 * A module for which a Python reader accepts the name as an exception: the given one where it is safe, else that of the
 * well-known exception, else one that Python does not have.
 */
export function safeModule(type: string, module: string | null): string {
  if (module !== null && module !== "" && (module !== "builtins" || BUILTIN_ENDING.test(type))) return module;
  return wellKnownModule(type) ?? FOREIGN_MODULE;
}

/** Python's names of JavaScript's errors. SyntaxError is mostly invalid JSON, which is a ValueError in Python. */
const BY_JAVASCRIPT_NAME: ReadonlyMap<string, string> = new Map([
  ["Error", "Exception"],
  ["AggregateError", "Exception"],
  ["EvalError", "RuntimeError"],
  ["InternalError", "RuntimeError"],
  ["RangeError", "ValueError"],
  ["ReferenceError", "NameError"],
  ["SyntaxError", "ValueError"],
  ["TypeError", "TypeError"],
  ["URIError", "ValueError"],
]);

/** Python's names of operating system errors (PEP 3151), by Node's `code`. */
const BY_SYSTEM_CODE: ReadonlyMap<string, string> = new Map([
  ["EACCES", "PermissionError"],
  ["ECHILD", "ChildProcessError"],
  ["ECONNABORTED", "ConnectionAbortedError"],
  ["ECONNREFUSED", "ConnectionRefusedError"],
  ["ECONNRESET", "ConnectionResetError"],
  ["EEXIST", "FileExistsError"],
  ["EISDIR", "IsADirectoryError"],
  ["ENOENT", "FileNotFoundError"],
  ["ENOTDIR", "NotADirectoryError"],
  ["EPERM", "PermissionError"],
  ["EPIPE", "BrokenPipeError"],
  ["ESRCH", "ProcessLookupError"],
  ["ETIMEDOUT", "TimeoutError"],
]);

/** The Python name of an error by its JavaScript name and system code: the errors that Python has, else its own name. */
export function pythonName(name: string, code: unknown): string {
  const plain = BY_JAVASCRIPT_NAME.get(name);
  const system = typeof code === "string" ? BY_SYSTEM_CODE.get(code) : undefined;
  return (plain === "Exception" ? system : undefined) ?? plain ?? (name === "" ? "Exception" : name);
}
