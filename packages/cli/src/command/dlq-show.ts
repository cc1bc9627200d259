import type { WireMessage } from "@leveret/celery-protocol";
import { createContent, decodeTask, toValue } from "@leveret/celery-protocol";
import type { DeadLetter } from "../dead-letters/dead-letter.ts";
import { withTransport } from "../reading/broker.ts";
import { plain, plainLines } from "@leveret/celery-protocol/wire";
import { exitCodes, type Terminal } from "../terminal/terminal.ts";
import { toJson } from "../terminal/to-json.ts";
import { deadQueues, type DlqFlags, eachDeadLetter } from "./dlq-flags.ts";

interface FullLetter extends DeadLetter {
  /** Null where the body cannot be read; `unreadable` has the reason. */
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly unreadable: string | null;
}

/** Prints dead letters in full. Exit code 1 where one was not found. */
export async function showDeadLetters(flags: DlqFlags, terminal: Terminal): Promise<number> {
  const letters: FullLetter[] = [];
  await withTransport(flags, async (transport) => {
    for (const queue of await deadQueues(transport, flags)) {
      const act = (letter: DeadLetter, { message }: { readonly message: WireMessage }): "keep" => {
        letters.push({ ...letter, ...argumentsOf(message) });
        return "keep";
      };
      await eachDeadLetter({ transport, queue, flags, limit: Infinity, terminal, act });
    }
  });
  if (flags.json === true) terminal.out(`${toJson(letters)}\n`);
  else terminal.out(letters.map((letter) => describe(letter, terminal)).join("\n"));
  const missing = flags.id?.filter((id) => !letters.some((letter) => letter.id === id)) ?? [];
  for (const id of missing) terminal.err(`no dead letter of task ${plain(id)}`);
  return missing.length === 0 ? exitCodes.well : exitCodes.failed;
}

/** The decoded arguments, where they are JSON. */
function argumentsOf(message: WireMessage): Pick<FullLetter, "args" | "kwargs" | "unreadable"> {
  try {
    const { args, kwargs } = decodeTask(message, createContent(), { exchange: "", routingKey: "", redelivered: false });
    return { args: toValue([...args]), kwargs: toValue(kwargs), unreadable: null };
  } catch (error) {
    return { args: null, kwargs: null, unreadable: error instanceof Error ? error.message : String(error) };
  }
}

function describe(letter: FullLetter, terminal: Terminal): string {
  const { id, task, reason, error, traceback, attempts, worker, time, queue, bytes, args, kwargs, unreadable } = letter;
  const fields: readonly (readonly [string, unknown])[] = [
    ["task", task],
    ["id", id],
    ["queue", queue],
    ["reason", reason],
    ["error", error],
    ["attempts", attempts],
    ["worker", worker],
    ["time", time],
    ["bytes", bytes],
    ...(unreadable === null
      ? ([
          ["args", toJson(args)],
          ["kwargs", toJson(kwargs)],
        ] as const)
      : ([["body", `cannot be read: ${unreadable}`]] as const)),
  ];
  const lines = fields
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${terminal.paint("bold", name.padEnd(9))} ${plain(String(value))}\n`);
  const trace =
    traceback === null
      ? []
      : [`${terminal.paint("bold", "traceback")}\n`, `${plainLines(traceback).trimEnd().replaceAll(/^/gm, "  ")}\n`];
  return [...lines, ...trace].join("");
}
