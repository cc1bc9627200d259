import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type Client, createClient, type CreateClientOptions } from "../../src/index.ts";
import { createWorker, type CreateWorkerOptions, type Worker } from "../../src/worker.ts";
import { compose, type QueueOf } from "./compose.ts";
import { evaluate, FAILED, type Value } from "./evaluate.ts";
import { HANGS, isAwaiting, judge, type Note, type Run, type Seen } from "./judge.ts";
import { treeTasks } from "./tasks.ts";
import { named, signaturesIn, type Tree, written } from "./tree.ts";

/** How a stage on a real broker is set up. */
export interface BrokerStageOptions {
  readonly client: CreateClientOptions;
  readonly worker: Omit<CreateWorkerOptions, "tasks">;
  /** Which calls go to another queue than the client's own. Default: none. */
  readonly queueOf?: QueueOf;
  /** What workers of others have run, which grows as they run it. Default: there are none. */
  readonly otherRuns?: readonly string[];
  /** How a tree is started, and what comes of it. Default: our client sends what the public functions compose. */
  readonly start?: (tree: Tree) => Promise<Seen["value"]>;
}

/** How long a tree may take before it hangs. */
const deadlineMs = 30_000;

/** A tree under way: its calls are those whose names begin with the prefix. */
interface Running {
  readonly prefix: string;
  readonly tree: Tree;
  readonly value: Seen["value"];
}

/** A client and a worker on a real broker, where trees run side by side. */
export class BrokerStage implements AsyncDisposable {
  readonly #options: BrokerStageOptions;
  readonly #client: Client;
  readonly #worker: Worker;
  readonly #started: Promise<void>;
  readonly #runs: Run[] = [];
  readonly #notes: Note[] = [];

  constructor(options: BrokerStageOptions) {
    this.#options = options;
    const tasks = treeTasks({
      ran: (value, stamps) => void this.#runs.push({ value, stamps }),
      noted: (errback, taskId) => void this.#notes.push({ errback, taskId }),
    });
    this.#worker = createWorker({ logLevel: "silent", events: false, remoteControl: false, ...options.worker, tasks });
    this.#client = createClient(options.client);
    this.#started = this.#worker.start();
    this.#started.catch(() => {}); // thrown where it is awaited
  }

  /** Runs all trees at once and gives what was wrong with each, the smallest tree first. */
  async run(trees: readonly Tree[]): Promise<readonly string[]> {
    await this.#started;
    const all = await Promise.all(trees.map((tree) => this.#one(tree)));
    const [again] = trees;
    // What was sent once too often stands in the queues before this.
    if (again !== undefined) await this.#one(again);
    return all
      .map((each) => Object.assign(each, { wrong: judge(evaluate(each.tree), this.#seen(each)) }))
      .filter(({ wrong }) => wrong.length > 0)
      .toSorted((left, right) => signaturesIn(left.tree) - signaturesIn(right.tree))
      .map(({ tree, prefix, wrong }) => [written(tree), ...wrong].join("\n").replaceAll(prefix, ""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await this.#worker.stop({ grace: 0 });
  }

  /** Waits for the result and for the runs that nobody waits for: those of callbacks, and beside a failure. */
  async #one(plain: Tree): Promise<Running> {
    const prefix = `${randomUUID().slice(0, 6)}-`;
    const tree = named(plain, prefix);
    const running: Running = { prefix, tree, value: await this.#valueOf(tree) };
    const end = Date.now() + (running.value === HANGS ? 0 : deadlineMs);
    const expected = evaluate(tree);
    while (Date.now() < end && isAwaiting(expected, this.#seen(running))) await pause(20);
    return running;
  }

  async #valueOf(tree: Tree): Promise<Seen["value"]> {
    const late = new AbortController();
    const hangs = pause(deadlineMs, HANGS, { signal: late.signal });
    hangs.catch(() => {}); // the tree has ended in time
    const value = await Promise.race([(this.#options.start ?? this.#send.bind(this))(tree), hangs]);
    late.abort();
    return value;
  }

  async #send(tree: Tree): Promise<Seen["value"]> {
    try {
      const result = await this.#client.send(compose(tree, this.#options.queueOf) as never);
      const settled = await result.settled();
      return settled.status === "SUCCESS" ? (settled.value as Value) : FAILED;
    } catch (error) {
      return { thrown: String(error) };
    }
  }

  #seen({ prefix, value }: Running): Seen {
    const others = (this.#options.otherRuns ?? []).map((run): Run => ({ value: run, stamps: null }));
    const runs = [...this.#runs, ...others].filter((run) => run.value.startsWith(prefix));
    return { value, runs, notes: this.#notes.filter(({ errback }) => errback.startsWith(prefix)) };
  }
}
