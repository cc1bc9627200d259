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

/** `leveret dlq`: lists, redrives and deletes dead letters. */
export const describeDlq: Describe = (program, { terminal, done }) => {
  const dlq = program.command("dlq").description("dead letters: messages that workers could not run, in <queue>.dead");
  const run =
    (work: (flags: DlqFlags) => Promise<number>) =>
    async (_: unknown, command: Command): Promise<void> =>
      done(await work(command.optsWithGlobals()));

  withSelection(dlq.command("list"), "list")
    .description("list dead letters, oldest first, without removing them")
    .option("--limit <number>", "most dead letters", count, listed)
    .action(run((flags) => listDeadLetters(flags, terminal)));
  dlq
    .command("show")
    .description("show dead letters in full, with arguments and traceback")
    .argument("<id...>", "ids of the tasks")
    .option("-Q, --queues <names>", "their original queues, separated by commas (default: celery)", names)
    .action(async (ids: string[], _: unknown, command: Command) => {
      done(await showDeadLetters({ ...command.optsWithGlobals<DlqFlags>(), id: ids }, terminal));
    });
  withSelection(dlq.command("redrive"), "redrive")
    .description("move dead letters back to their original queues, each confirmed there before it is removed here")
    .option("--limit <number>", "most dead letters (default: all)", count)
    .option("--to <queue>", "another queue to move them to")
    .action(run((flags) => redriveDeadLetters(flags, terminal)));
  withSelection(dlq.command("drop"), "drop")
    .description("permanently delete dead letters")
    .option("--limit <number>", "most dead letters (default: all)", count)
    .option("-y, --yes", "skip the confirmation")
    .action(run((flags) => dropDeadLetters(flags, terminal)));
};

function withSelection(command: Command, verb: string): Command {
  return command
    .option("-Q, --queues <names>", "their original queues, separated by commas (default: celery)", names)
    .option("--id <ids>", `${verb} only these, by the ids of their tasks`, names)
    .option("--task <name>", `${verb} only those of this task; * and ? are wildcards`)
    .option("--reason <reason>", `${verb} only those with this reason, such as unregistered`);
}
