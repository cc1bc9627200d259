import { isEverything } from "../dead-letters/dead-letter.ts";
import { ackLost } from "../dead-letters/sift.ts";
import { withTransport } from "../reading/broker.ts";
import { createProgress } from "../terminal/progress.ts";
import { counted } from "../terminal/table.ts";
import { exitCodes, type Terminal } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import { agreed } from "./agreed.ts";
import { type DeadQueue, deadQueues, type DlqFlags, eachDeadLetter, selectionOf } from "./dlq-flags.ts";

/** Deletes dead letters, after a confirmation. */
export async function dropDeadLetters(flags: DlqFlags, terminal: Terminal): Promise<number> {
  const dropped = await withTransport(flags, async (transport) => {
    const queues = await deadQueues(transport, flags);
    const limit = Math.min(flags.limit ?? Infinity, total(queues));
    if (limit > 0 && !(await agreed(question(queues, limit, flags), flags, terminal))) return null;
    const progress = createProgress(terminal, "Dropping", limit);
    let count = 0;
    for (const queue of queues) {
      count += await eachDeadLetter({
        transport,
        queue,
        flags,
        limit: limit - count,
        terminal,
        act: (_, delivery) => {
          if (!delivery.ack()) throw ackLost(queue.name);
          progress.step();
          return "settled";
        },
      });
    }
    progress.end();
    return count;
  });
  if (dropped === null) {
    terminal.err("No dead letter was deleted.");
    return exitCodes.failed;
  }
  terminal.out(flags.json === true ? `${toJson({ dropped })}\n` : `Deleted ${counted(dropped, "dead letter")}.\n`);
  return exitCodes.well;
}

function total(queues: readonly DeadQueue[]): number {
  return queues.reduce((sum, queue) => sum + queue.total, 0);
}

function question(queues: readonly DeadQueue[], limit: number, flags: DlqFlags): string {
  const where = queues.map(({ name }) => name).join(", ");
  if (isEverything(selectionOf(flags))) return `Permanently delete ${counted(limit, "dead letter")} of ${where}?`;
  return `Permanently delete the matching dead letters among the ${total(queues)} of ${where}, at most ${limit}?`;
}
