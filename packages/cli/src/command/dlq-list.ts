import type { DeadLetter } from "../dead-letters/dead-letter.ts";
import { withTransport } from "../reading/broker.ts";
import { counted, cut, table } from "../terminal/table.ts";
import { exitCodes, type Terminal } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import { deadQueues, type DlqFlags, eachDeadLetter } from "./dlq-flags.ts";

/** Prints dead letters, oldest first. */
export async function listDeadLetters(flags: DlqFlags, terminal: Terminal): Promise<number> {
  const { limit = Infinity } = flags;
  const letters: DeadLetter[] = [];
  const total = await withTransport(flags, async (transport) => {
    const queues = await deadQueues(transport, flags);
    for (const queue of queues) {
      const act = (letter: DeadLetter): "keep" => {
        letters.push(letter);
        return "keep";
      };
      await eachDeadLetter({ transport, queue, flags, limit: limit - letters.length, terminal, act });
    }
    return queues.reduce((sum, queue) => sum + queue.total, 0);
  });
  if (flags.json === true) terminal.out(`${toJson(letters)}\n`);
  else if (letters.length === 0) terminal.err(total === 0 ? "There are no dead letters." : "No dead letter matches.");
  else showLetters(letters, total, terminal);
  return exitCodes.well;
}

function showLetters(letters: readonly DeadLetter[], total: number, terminal: Terminal): void {
  const heads = ["TIME", "ID", "TASK", "QUEUE", "REASON", "ERROR"];
  const rows = letters.map(({ time, id, task, queue, reason, error }) => [
    time?.slice(0, 19) ?? "-",
    cut(id ?? "-", 100),
    cut(task ?? "-", 40),
    cut(queue, 30),
    cut(reason ?? "-", 24),
    terminal.isScreen ? cut(error ?? "-", Math.max(20, terminal.columns - 130)) : cut(error ?? "-", 200),
  ]);
  terminal.out(table(heads, rows));
  if (letters.length < total) terminal.err(`${letters.length} of ${counted(total, "dead letter")}; see --limit`);
}
