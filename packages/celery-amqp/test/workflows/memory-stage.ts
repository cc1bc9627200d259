import { setImmediate as nextTurn } from "node:timers/promises";
import { createClient, type Client } from "../../src/index.ts";
import { createMemoryBroker, createMemoryResults, createMemoryTransport, createFakeClock } from "../../src/testing.ts";
import { RecordingTransport } from "../../src/testing/recording-transport.ts";
import { createWorker, type Worker } from "../../src/worker.ts";
import { compose } from "./compose.ts";
import { evaluate, FAILED, type Value } from "./evaluate.ts";
import { costly, HANGS, judge, type Cost, type Note, type Run, type Seen } from "./judge.ts";
import { treeTasks } from "./tasks.ts";
import { type Tree, written } from "./tree.ts";

export const counters = ["results in memory", "the broker alone"] as const;
export type Counter = (typeof counters)[number];

/** Turns of the event loop without a message after which nothing more will come: nothing here waits for the world. */
const quietTurns = 30;
/** What is due later comes within a day, or never. */
const dayMs = 86_400_000;

/** A client and a worker on a broker in memory, by a clock that moves when told: whatever hangs there, hangs for good. */
export class MemoryStage implements AsyncDisposable {
  readonly #clock = createFakeClock();
  readonly #broker = createMemoryBroker({ clock: this.#clock });
  readonly #client: Client;
  readonly #worker: Worker;
  readonly #started: Promise<void>;
  #published = 0;
  #bytes = 0;
  #largest = 0;
  #runs: Run[] = [];
  #notes: Note[] = [];

  constructor(counter: Counter) {
    const kept = createMemoryResults();
    const counting = () =>
      counter === "the broker alone" ? { chords: "rabbitmq" as const } : { results: kept.connect() };
    const clock = this.#clock;
    const tasks = treeTasks({
      ran: (value, stamps) => void this.#runs.push({ value, stamps }),
      noted: (errback, taskId) => void this.#notes.push({ errback, taskId }),
    });
    const settings = { tasks, clock, logLevel: "silent" as const, events: false, remoteControl: false };
    this.#worker = createWorker({ ...settings, transport: this.#transport(), ...counting() });
    this.#client = createClient({ transport: this.#transport(), clock, ...counting() });
    this.#started = this.#worker.start();
  }

  /** Sends a tree and lets all come to rest that comes of it. */
  async run(tree: Tree): Promise<Seen & { readonly cost: Cost }> {
    await this.#started;
    this.#runs = [];
    this.#notes = [];
    this.#published = this.#bytes = this.#largest = 0;
    let value: Seen["value"] = HANGS;
    const settled = this.#settle(tree).then((came) => void (value = came));
    await this.#rest();
    if (value === HANGS) {
      await this.#clock.advance(dayMs);
      await this.#rest();
    }
    if (value !== HANGS) await settled;
    const cost = { messages: this.#published, bytes: this.#bytes, largest: this.#largest };
    return { value, runs: this.#runs, notes: this.#notes, cost };
  }

  /** What is wrong with a tree once it has run, and the tree before it; nothing where it meant what it says. */
  async wrongOf(tree: Tree): Promise<readonly string[]> {
    const seen = await this.run(tree);
    const wrong = [...judge(evaluate(tree), seen), ...costly(tree, seen.cost)];
    return wrong.length === 0 ? [] : [written(tree), ...wrong];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    const stopped = this.#worker.stop({ grace: 0 });
    await this.#clock.advance(60_000);
    await stopped;
  }

  async #settle(tree: Tree): Promise<Seen["value"]> {
    try {
      const result = await this.#client.send(compose(tree) as never);
      const settled = await result.settled();
      return settled.status === "SUCCESS" ? (settled.value as Value) : FAILED;
    } catch (error) {
      return { thrown: String(error) };
    }
  }

  async #rest(): Promise<void> {
    for (let quiet = 0, before = -1; quiet < quietTurns; quiet += 1) {
      if (this.#published + this.#runs.length !== before) quiet = 0;
      before = this.#published + this.#runs.length;
      await nextTurn();
    }
  }

  #transport(): RecordingTransport {
    return new RecordingTransport(createMemoryTransport({ broker: this.#broker }), ({ body, headers }) => {
      const size = body.length + JSON.stringify(headers, plainly).length;
      this.#published += 1;
      this.#bytes += size;
      this.#largest = Math.max(this.#largest, size);
    });
  }
}

function plainly(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
