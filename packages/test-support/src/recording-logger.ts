import { inspect } from "node:util";

type LogFields = Readonly<Record<string, unknown>>;

/** A logger that keeps its lines, as strings, with all fields. */
export class RecordingLogger {
  readonly lines: string[] = [];

  debug(message: string, fields?: LogFields): void {
    this.#keep("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#keep("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#keep("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#keep("error", message, fields);
  }

  get text(): string {
    return this.lines.join("\n");
  }

  #keep(level: string, message: string, fields?: LogFields): void {
    this.lines.push(`${level} ${message} ${fields === undefined ? "" : inspect(fields, { depth: 10 })}`);
  }
}
