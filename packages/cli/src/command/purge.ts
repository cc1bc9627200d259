import { type CommonOptions, withTransport } from "../reading/broker.ts";
import { names } from "../reading/words.ts";
import { counted } from "../terminal/table.ts";
import { exitCodes } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import { agreed, type Agreement } from "./agreed.ts";
import type { Describe } from "./describe.ts";
import { queuesOf } from "./queues.ts";

interface PurgeFlags extends CommonOptions, Agreement {
  readonly queues?: readonly string[];
}

/** `leveret purge`: deletes all ready messages of queues, after a confirmation. */
export const describePurge: Describe = (program, { terminal, done }) => {
  program
    .command("purge")
    .description("permanently delete all ready messages of queues")
    .option("-Q, --queues <names>", "queues, separated by commas (default: those of -A, and celery)", names)
    .option("-y, --yes", "skip the confirmation")
    .option("-f, --force", "the same, by Celery's name")
    .action(async (_: unknown, command: { optsWithGlobals(): unknown }) => {
      const flags = command.optsWithGlobals() as PurgeFlags;
      const queues = flags.queues ?? (await queuesOf(flags.app));
      const purged = await withTransport(flags, async (transport) => {
        const infos = await Promise.all(queues.map((name) => transport.inspectQueue(name)));
        const there = infos.filter((info) => info !== null);
        const total = there.reduce((sum, { messageCount }) => sum + messageCount, 0);
        const where = there.map(({ name, messageCount }) => `${name}: ${messageCount}`).join(", ");
        if (
          total > 0 &&
          !(await agreed(`Permanently delete ${counted(total, "message")} (${where})?`, flags, terminal))
        )
          return null;
        const counts: Record<string, number> = {};
        for (const { name } of there) counts[name] = await transport.purgeQueue(name);
        return counts;
      });
      if (purged === null) {
        terminal.err("No message was deleted.");
        return done(exitCodes.failed);
      }
      const total = Object.values(purged).reduce((sum, count) => sum + count, 0);
      if (flags.json === true) terminal.out(`${toJson({ purged: total, queues: purged })}\n`);
      else terminal.out(`Deleted ${counted(total, "message")} from ${counted(Object.keys(purged).length, "queue")}.\n`);
    });
};
