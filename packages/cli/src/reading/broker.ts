import { CeleryError, createTransport, type Transport } from "@leveret/celery-amqp";
import { plainLines } from "@leveret/celery-protocol";
import { CommandError, UsageError } from "../terminal/terminal.ts";

/** Options that every command takes. */
export interface CommonOptions {
  /** Path of the module that exports the tasks. */
  readonly app?: string;
  /** Address of the broker; the environment variable `CELERY_BROKER_URL` stands in for it. */
  readonly broker?: string;
  /** Where results are kept, as it was typed; may hold a password. The environment variable `CELERY_RESULT_BACKEND` stands in for it. */
  readonly resultBackend?: string;
  /** Print for programs. */
  readonly json?: boolean;
}

/** Connects, lets `use` work, and always disconnects. Rejects as `connect` and `use` do. */
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

/** What went wrong, in a line; what nobody expected keeps its stack. */
export function explain(error: unknown): string {
  if (error instanceof UsageError || error instanceof CommandError) return error.message;
  if (error instanceof CeleryError) return `${error.message} (${error.code})`;
  return plainLines(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
