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

/** `leveret result`: waits for the result of a task that was sent before. */
export const describeResult: Describe = (program, { terminal, done }) => {
  program
    .command("result")
    .description("wait for the result of a task and print it (default of --result-backend: amqp)")
    .argument("<id>", "id of the task")
    .option("--timeout <seconds>", "how long to wait (default: without end)", duration)
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

/** Where a result is that another program has sent for. */
function keptPlace({ resultBackend }: ResultFlags): ResultPlace {
  const place = resultPlace(resultBackend) ?? "amqp";
  if (place === "none") throw new UsageError("results are disabled, by --result-backend or CELERY_RESULT_BACKEND");
  if (place !== "rpc") return place;
  throw new UsageError(
    "with rpc only the program that sent a task hears of its result: use leveret call --wait, or workers with --result-backend amqp or redis://host",
  );
}
