import { CeleryError, createTransport, type Transport } from "@leveret/celery-amqp";
import { plainLines } from "@leveret/celery-protocol/wire";
import { CommandError, UsageError } from "../terminal/terminal.ts";

/** Options that every command takes. */
export interface CommonOptions {
  /** Path of the module that exports the tasks. */
  readonly app?: string;
  /** Address of the broker; default: the environment variable `CELERY_BROKER_URL`. */
  readonly broker?: string;
  /** The result backend as typed, with its password. Default: the environment variable `CELERY_RESULT_BACKEND`. */
  readonly resultBackend?: string;
  /** Print JSON. */
  readonly json?: boolean;
}

/** Connects, runs `use`, and always disconnects. Rejects as `connect` and `use` do. */
export async function withTransport<T>(
  { broker }: CommonOptions,
  use: (transport: Transport) => Promise<T>,
): Promise<T> {
  const transport = createTransport({ broker, name: "leveret command" });
  try {
    await transport.connect();
    return await use(transport);
  } finally {
    await transport.close();
  }
}

/** Describes an error in a line; an unexpected one with its stack. */
export function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof CommandError) return error.message;
  if (error instanceof CeleryError) return `${error.message} (${error.code})`;
  return plainLines(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
