import type { LogFields, Logger } from "@leveret/celery-amqp";
import type { LogLevel } from "@leveret/celery-amqp/worker";
import { plain } from "@leveret/celery-protocol/wire";
import type { Terminal } from "./terminal.ts";

const ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const satisfies Record<LogLevel, number>;

/** A logger that writes a line for each message on the error output: time, level, message, fields. */
export function lineLogger(terminal: Terminal, least: LogLevel): Logger {
  const write =
    (level: Exclude<LogLevel, "silent">) =>
    (message: string, fields: LogFields = {}): void => {
      if (ranks[level] < ranks[least]) return;
      const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`);
      terminal.err(plain(`${new Date().toISOString()} ${level.toUpperCase()} ${message}${rest.join("")}`));
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : value instanceof Error ? value.message : JSON.stringify(value);
  return /[\s"]/.test(text) ? JSON.stringify(text) : text;
}
