import { isA, messageOf, nameOf, textOf } from "../../ports/thrown.ts";

/** What a command ends in where Celery's would raise this exception: the reply is its `repr`. */
export class PythonError extends Error {
  /** Name of the exception. */
  readonly exception: string;

  constructor(exception: string, message: string) {
    super(message);
    this.exception = exception;
  }
}

/** The text of an exception in a reply, as Python's `repr` writes it: `ValueError('Autoscale not enabled')`. */
export function reprError(error: unknown): string {
  if (isA(error, PythonError)) return `${error.exception}(${reprText(error.message)})`;
  return isA(error, Error)
    ? `${nameOf(error)}(${reprText(messageOf(error))})`
    : `Exception(${reprText(textOf(error))})`;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** A string as Python's `repr` writes it: in double quotes only where it contains a single quote and no double one. */
export function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(
    // oxlint-disable-next-line no-control-regex -- these are what has to be escaped
    /[\\\u0000-\u001f\u007f]/g,
    (character) => escapes.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}
