import { isPromise } from "node:util/types";
import { methods, type Shape } from "@leveret/options";
import { readableFields } from "./foreign.ts";

/** Details of a log line; never secrets, never whole bodies. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log lines go. pino and the console satisfy its shape with a one-line adapter. */
export interface Logger {
  /** Logs details of the operation. */
  debug(message: string, fields?: LogFields): void;
  /** Logs a normal event. */
  info(message: string, fields?: LogFields): void;
  /** Logs an event that may need attention. */
  warn(message: string, fields?: LogFields): void;
  /** Logs a failure. */
  error(message: string, fields?: LogFields): void;
}

/** A logger that writes nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The shape of a logger where options take one. */
export const loggerShape: Shape = methods("a logger", "debug", "info", "warn", "error");

/**
 * Guards a logger: one that throws or rejects is called a second time with fields that are plain strings, numbers,
 * arrays and objects, and then the line is lost.
 */
export function guardedLogger(logger: Logger): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, fields?: LogFields): void => {
      if (!isWritten(logger, level, message, fields) && fields !== undefined)
        isWritten(logger, level, message, readableFields(fields));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function isWritten(logger: Logger, level: keyof Logger, message: string, fields: LogFields | undefined): boolean {
  try {
    const answer: unknown = logger[level](message, fields);
    if (isPromise(answer)) answer.catch(() => {});
    return true;
  } catch {
    return false;
  }
}
