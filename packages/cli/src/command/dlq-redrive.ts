import { plain } from "@leveret/celery-protocol/wire";
import { redrive } from "../dead-letters/redrive.ts";
import { withTransport } from "../reading/broker.ts";
import { createProgress } from "../terminal/progress.ts";
import { counted } from "../terminal/table.ts";
import { exitCodes, type Terminal } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import { deadQueues, type DlqFlags, eachDeadLetter } from "./dlq-flags.ts";

interface Tally {
  moved: number;
  /** Number of dead letters that stay, by reason. */
  readonly stay: Map<string, number>;
}

/** Redrives dead letters to their queues. Unroutable ones stay, with exit code 1. */
export async function redriveDeadLetters(flags: DlqFlags, terminal: Terminal): Promise<number> {
  const tally: Tally = { moved: 0, stay: new Map() };
  try {
    await withTransport(flags, async (transport) => {
      const queues = await deadQueues(transport, flags);
      const limit = Math.min(
        flags.limit ?? Infinity,
        queues.reduce((sum, { total }) => sum + total, 0),
      );
      const progress = createProgress(terminal, "Redriving", limit);
      let acted = 0;
      try {
        for (const queue of queues) {
          acted += await eachDeadLetter({
            transport,
            queue,
            flags,
            limit: limit - acted,
            terminal,
            act: async (letter, delivery) => {
              const outcome = await redrive(transport, delivery, letter, flags.to);
              progress.step();
              if (outcome.moved) tally.moved += 1;
              else tally.stay.set(outcome.reason, (tally.stay.get(outcome.reason) ?? 0) + 1);
              return outcome.moved ? "settled" : "keep";
            },
          });
        }
      } finally {
        progress.end();
      }
    });
  } finally {
    // The number of moved ones is printed even where the rest failed.
    tell(tally, flags, terminal);
  }
  return tally.stay.size === 0 ? exitCodes.well : exitCodes.failed;
}

function tell({ moved, stay }: Tally, { json }: DlqFlags, terminal: Terminal): void {
  if (json === true) terminal.out(`${toJson({ moved, stay: Object.fromEntries(stay) })}\n`);
  else terminal.out(`Redrove ${counted(moved, "dead letter")}.\n`);
  if (json !== true)
    for (const [reason, count] of stay) {
      terminal.err(`${counted(count, "dead letter")} ${count === 1 ? "stays" : "stay"}: ${plain(reason)}`);
    }
  if (terminal.interrupted.aborted) terminal.err("Interrupted: all others stay in their dead queues.");
}
