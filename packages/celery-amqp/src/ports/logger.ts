/** Details of a log line; never secrets, never whole bodies. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log lines go. pino and the console satisfy its shape with a one-line adapter. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
