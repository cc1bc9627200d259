import { openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** The sorts of tasks that publishers send; what each does is in `programs/tasks.ts`. */
export type TaskKind =
  | "plain"
  | "answered"
  | "large"
  | "retried"
  | "delayed"
  | "failing"
  | "slow"
  | "volatile"
  | "unknown"
  | "hostile"
  | "poison";

/** The counter of a chord's parts. */
export type CounterName = "rabbitmq" | "redis";

/** What programs write down, in the order in which it happened to them. Times are epoch milliseconds. */
export type Entry =
  /** A publisher is about to send. */
  | {
      readonly type: "sending";
      readonly id: string;
      readonly kind: TaskKind;
      readonly queue: string;
      readonly dueAt: number | null;
    }
  /** What the send ended in: `confirmed`, or the code of the error. */
  | { readonly type: "settled"; readonly id: string; readonly outcome: string }
  /** What awaiting the result ended in: `SUCCESS`, or the code of the error. */
  | { readonly type: "answered"; readonly id: string; readonly outcome: string }
  /** A worker has a message in hand. */
  | { readonly type: "received"; readonly id: string; readonly redelivered: boolean }
  /** A handler begins, and is about to end. */
  | { readonly type: "began" | "ended"; readonly id: string; readonly attempt: number; readonly redelivered: boolean }
  /** A publisher is about to send a chord, known by a name of its own; `order` is what its body is to get, as JSON. */
  | {
      readonly type: "chord-sending";
      readonly chord: string;
      readonly counter: CounterName;
      readonly members: number;
      readonly order: string;
      /** One of its members will fail. */
      readonly fails: boolean;
      /** The chord whose header it stands in. */
      readonly within: string | null;
    }
  /** What that send ended in; the ids where they are known: of the group that is counted, and of the body. */
  | {
      readonly type: "chord-settled";
      readonly chord: string;
      readonly outcome: string;
      readonly group: string | null;
      readonly body: string | null;
    }
  /** What awaiting the body's result ended in, and what it was, as JSON. */
  | {
      readonly type: "chord-answered";
      readonly chord: string;
      readonly outcome: string;
      readonly order: string | null;
    }
  /** A task of a chord begins, and is about to end. `place` is a member's, `order` what a body got, as JSON. */
  | {
      readonly type: "chord-task";
      readonly phase: "began" | "ended";
      readonly chord: string;
      readonly taskId: string;
      readonly place: number | null;
      readonly order: string | null;
      readonly redelivered: boolean;
    }
  /** An errback was called for a body that will not run. */
  | { readonly type: "chord-failed"; readonly body: string }
  /** A program's publishes in flight were cut off, and that many are sent again. */
  | { readonly type: "resending"; readonly count: number }
  /** A program came to its end, and this was its heap then. */
  | { readonly type: "finished"; readonly heapBytes: number; readonly rssBytes: number }
  /** What must not be: an unhandled rejection, an uncaught exception. */
  | { readonly type: "fault"; readonly what: string };

/** An entry with its author and time. */
export type Record = Entry & { readonly by: string; readonly at: number };

/**
 * Writes down what happens to this process, or to one thread of it. Each entry is one appending write, so that what was
 * written is there after a SIGKILL, and several may write to one file.
 */
export class Recorder {
  readonly #by: string;
  readonly #file: number;

  constructor(folder: string, by: string) {
    this.#by = by;
    this.#file = openSync(join(folder, `${by}-${process.pid}.jsonl`), "a");
  }

  write(entry: Entry): void {
    const record: Record = { ...entry, by: this.#by, at: trueNow() };
    writeSync(this.#file, `${JSON.stringify(record)}\n`);
  }
}

/** Epoch milliseconds by the machine's clock, even where this program's clock was set off. */
const trueNow: () => number = Date.now;

/** All records of a folder, by time. */
export function readRecords(folder: string): readonly Record[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  const records = files.flatMap((file) => parseRecords(readFileSync(join(folder, file), "utf8")));
  return records.toSorted((a, b) => a.at - b.at);
}

/** A line that a killed process did not finish is left out. */
export function parseRecords(text: string): readonly Record[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record);
}
