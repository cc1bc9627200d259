import { plain, plainLines } from "@leveret/celery-protocol/wire";
import { asFields, readableFields } from "../../ports/foreign.ts";
import { guardedLogger, type LogFields, type Logger } from "../../ports/logger.ts";
import { cut, describeThrown } from "../../ports/thrown.ts";

/** How serious a line is; lines below the level asked for are not written. `silent` writes none. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** `text` is for people, `json` has one object a line: `time`, `level`, `message` and the fields. */
export type LogFormat = "text" | "json";

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/** Whether a line of `level` is written where `least` is asked for. */
export function isWritten(level: LogLevel, least: LogLevel): boolean {
  return ranks[level] >= ranks[least];
}

/** Characters of one string of a line; names, ids and error messages may come from outside. */
const longestText = 16_384;

/** What a line logger is made of. */
export interface LineLoggerParts {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly now: () => number;
  /** Takes one line, without its end. */
  readonly write: (line: string) => void;
}

/**
 * The one writer of log lines. A line is of visible characters alone, and a traceback stands below it, indented: no string in
 * it can imitate another line, or command a terminal. A line of JSON stays JSON of the same values.
 */
export function createLineLogger({ level, format, now, write }: LineLoggerParts): Logger {
  const form = format === "json" ? jsonLine : textLine;
  const at = (own: Exclude<LogLevel, "silent">) =>
    isWritten(own, level)
      ? (message: string, fields: LogFields = {}) => write(form(now(), own, saying(message), readableFields(fields)))
      : () => {};
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Passes on what is serious enough; for loggers that users bring, which may throw. */
export function leveled(logger: Logger, level: LogLevel): Logger {
  const safe = guardedLogger(logger);
  const at = (own: Exclude<LogLevel, "silent">) =>
    isWritten(own, level) ? (message: string, fields?: LogFields) => safe[own](message, fields) : () => {};
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/**
 * A logger whose lines carry `fields` too. A field of the line that has one of their names, or one that each line has
 * (`time`, `level`, `message`), gets an underscore behind its own: `id_`.
 */
export function withFields(logger: Logger, fields: LogFields): Logger {
  const own = new Set([...lineFields, ...Object.keys(fields)]);
  const join = (more: unknown): LogFields =>
    more === undefined ? fields : { ...fields, ...renamed(asFields(more), own) };
  return {
    debug: (message, more) => logger.debug(message, join(more)),
    info: (message, more) => logger.info(message, join(more)),
    warn: (message, more) => logger.warn(message, join(more)),
    error: (message, more) => logger.error(message, join(more)),
  };
}

const lineFields = ["time", "level", "message"] as const;

function renamed(fields: LogFields, own: ReadonlySet<string>): LogFields {
  const names = Object.keys(fields);
  if (!names.some((name) => own.has(name))) return fields;
  return Object.fromEntries(names.map((name) => [own.has(name) ? `${name}_` : name, fields[name]]));
}

/** A message that is no string is one all the same. */
function saying(message: unknown): string {
  return typeof message === "string" ? message : describeThrown(message);
}

function jsonLine(time: number, level: string, message: string, fields: LogFields): string {
  const own = { time: new Date(time).toISOString(), level, message };
  return plain(JSON.stringify({ ...own, ...fields, ...own }, shortened));
}

function shortened(_key: string, value: unknown): unknown {
  return typeof value === "string" ? cut(value, longestText) : value;
}

/** `2026-11-22 10:00:00.123 INFO  task succeeded tasks.add[8f5d…] ms=3`; a traceback stands on lines of its own. */
function textLine(time: number, level: string, message: string, fields: LogFields): string {
  const { task, id, traceback, ...rest } = fields;
  const stamp = new Date(time).toISOString().slice(0, 23).replace("T", " ");
  const about = task === undefined ? "" : ` ${textOf(task)}[${textOf(id)}]`;
  const details = Object.entries(rest).map(([name, value]) => ` ${name}=${textOf(value)}`);
  const line = plain(
    `${stamp} ${level.toUpperCase().padEnd(5)} ${cut(message, longestText)}${about}${details.join("")}`,
  );
  return typeof traceback === "string" ? `${line}\n${indented(plainLines(cut(traceback, longestText)))}` : line;
}

function textOf(value: unknown): string {
  if (typeof value === "string")
    return /^[^\s"=[\]]+$/.test(value) ? cut(value, longestText) : JSON.stringify(cut(value, longestText));
  return JSON.stringify(value, shortened) ?? String(value);
}

function indented(lines: string): string {
  return lines.replaceAll(/^/gm, "  ");
}
