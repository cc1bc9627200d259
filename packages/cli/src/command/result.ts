import { createClient, type Duration } from "@leveret/celery-amqp";
import type { CommonOptions } from "../reading/broker.ts";
import { duration } from "../reading/numbers.ts";
import { openResults, resultPlace, type ResultPlace } from "../reading/result-backend.ts";
import { lineLogger } from "../terminal/line-logger.ts";
import { UsageError } from "../terminal/terminal.ts";
import { showSettled } from "./call.ts";
import type { Describe } from "./describe.ts";

interface ResultFlags extends CommonOptions {
  readonly timeout?: Duration;
}

/** `leveret result`: waits for the result of a sent task. */
export const describeResult: Describe = (program, { terminal, done }) => {
  program
    .command("result")
    .description("wait for the result of a task and print it (default of --result-backend: amqp)")
    .argument("<id>", "id of the task")
    .option("--timeout <seconds>", "how long to wait (default: indefinitely)", duration)
    .action(async (id: string, _: unknown, command: { optsWithGlobals(): unknown }) => {
      const flags = command.optsWithGlobals() as ResultFlags;
      const { broker, timeout } = flags;
      const results = await openResults(keptPlace(flags), lineLogger(terminal, "warn"));
      const client = createClient({ broker, name: "leveret command", results });
      try {
        const waiting = { signal: terminal.interrupted, ...(timeout !== undefined && { timeout }) };
        done(showSettled(id, await client.result(id).settled(waiting), flags, terminal));
      } finally {
        await client.close();
      }
    });
};

/** The result backend of a task that another program has sent. */
function keptPlace({ resultBackend }: ResultFlags): ResultPlace {
  const place = resultPlace(resultBackend) ?? "amqp";
  if (place === "none")
    throw new UsageError("Results are disabled, by --result-backend or CELERY_RESULT_BACKEND. Name a backend.");
  if (place !== "rpc") return place;
  throw new UsageError(
    "With rpc:// only the program that sent a task receives its result. Use leveret call --wait, or workers with --result-backend amqp or redis://host.",
  );
}
