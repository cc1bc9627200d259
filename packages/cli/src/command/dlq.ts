import type { Command } from "commander";
import { count } from "../reading/numbers.ts";
import { names } from "../reading/words.ts";
import type { Describe } from "./describe.ts";
import { dropDeadLetters } from "./dlq-drop.ts";
import { listDeadLetters } from "./dlq-list.ts";
import { redriveDeadLetters } from "./dlq-redrive.ts";
import { showDeadLetters } from "./dlq-show.ts";
import type { DlqFlags } from "./dlq-flags.ts";

const listed = 100;

/** `leveret dlq`: looks at dead letters, brings them back, drops them. */
export const describeDlq: Describe = (program, { terminal, done }) => {
  const dlq = program.command("dlq").description("dead letters: what workers could not run, kept in <queue>.dead");
  const run =
    (work: (flags: DlqFlags) => Promise<number>) =>
    async (_: unknown, command: Command): Promise<void> =>
      done(await work(command.optsWithGlobals()));

  withSelection(dlq.command("list"), "list")
    .description("list dead letters, oldest first; they stay where they are")
    .option("--limit <number>", "how many at most", count, listed)
    .action(run((flags) => listDeadLetters(flags, terminal)));
  dlq
    .command("show")
    .description("show dead letters in full, with arguments and traceback")
    .argument("<id...>", "ids of the tasks")
    .option("-Q, --queues <names>", "queues they came from, with commas between (default: celery)", names)
    .action(async (ids: string[], _: unknown, command: Command) => {
      done(await showDeadLetters({ ...command.optsWithGlobals<DlqFlags>(), id: ids }, terminal));
    });
  withSelection(dlq.command("redrive"), "redrive")
    .description("bring dead letters back to the queue they came from: confirmed there before it is gone here")
    .option("--limit <number>", "how many at most (default: all)", count)
    .option("--to <queue>", "another queue to bring them to")
    .action(run((flags) => redriveDeadLetters(flags, terminal)));
  withSelection(dlq.command("drop"), "drop")
    .description("drop dead letters for good")
    .option("--limit <number>", "how many at most (default: all)", count)
    .option("-y, --yes", "do not ask")
    .action(run((flags) => dropDeadLetters(flags, terminal)));
};

function withSelection(command: Command, verb: string): Command {
  return command
    .option("-Q, --queues <names>", "queues they came from, with commas between (default: celery)", names)
    .option("--id <ids>", `${verb} only these, by the ids of their tasks`, names)
    .option("--task <name>", `${verb} only those of this task; * and ? stand for other characters`)
    .option("--reason <reason>", `${verb} only those with this reason, such as unregistered`);
}
