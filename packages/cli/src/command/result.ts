import { createClient, type Duration } from "@leveret/celery-amqp";
import type { CommonOptions } from "../reading/broker.ts";
import { duration } from "../reading/numbers.ts";
import { oneOf } from "../reading/words.ts";
import { UsageError } from "../terminal/terminal.ts";
import { showSettled } from "./call.ts";
import type { Describe } from "./describe.ts";

interface ResultFlags extends CommonOptions {
  readonly resultBackend: "amqp" | "rpc";
  readonly timeout?: Duration;
}

/** `leveret result`: waits for the result of a task that was sent before. */
export const describeResult: Describe = (program, { terminal, done }) => {
  program
    .command("result")
    .description("wait for the result of a task and print it")
    .argument("<id>", "id of the task")
    .option("--result-backend <kind>", "amqp: a queue of the task's own", oneOf(["amqp", "rpc"]), "amqp")
    .option("--timeout <seconds>", "how long to wait (default: without end)", duration)
    .action(async (id: string, _: unknown, command: { optsWithGlobals(): unknown }) => {
      const flags = command.optsWithGlobals() as ResultFlags;
      if (flags.resultBackend === "rpc") {
        throw new UsageError(
          "with rpc only the program that sent a task hears of its result: use leveret call --wait, or workers with --result-backend amqp",
        );
      }
      const { broker, timeout } = flags;
      const client = createClient({ broker, name: "leveret command", results: "amqp" });
      try {
        const waiting = { signal: terminal.interrupted, ...(timeout !== undefined && { timeout }) };
        done(showSettled(id, await client.result(id).settled(waiting), flags, terminal));
      } finally {
        await client.close();
      }
    });
};
