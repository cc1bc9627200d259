import type { LogLevel } from "@leveret/celery-amqp/worker";
import { oneOf } from "./words.ts";

/** Parses a log level, by this package's names or Python's. */
export const logLevel: (text: string) => LogLevel = oneOf(["debug", "info", "warn", "error", "silent"], {
  warning: "warn",
  critical: "error",
  fatal: "error",
});
