import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import type { Pairing } from "@leveret/test-support/pairings";
import { freshQueue } from "../../../celery-amqp/test/interop/support/ours.ts";
import { PythonClient, PythonWorker } from "@leveret/test-support/python";
import { BrokerStage } from "../../../celery-amqp/test/workflows/broker-stage.ts";
import { FAILED, type Value } from "../../../celery-amqp/test/workflows/evaluate.ts";
import { everything, type Ingredients } from "../../../celery-amqp/test/workflows/generate.ts";
import { HANGS, type Seen } from "../../../celery-amqp/test/workflows/judge.ts";
import { inside, type Tree } from "../../../celery-amqp/test/workflows/tree.ts";
import { redisResults } from "../../src/index.ts";
import { redisUrl } from "./redis.ts";
import { shapeOf } from "./tree-shape.ts";

/**
 * What mixed fleets are tried with: a worker of Python's does not report a failure to all chords that wait for it.
 */
export const calm: Ingredients = { ...everything, failures: false, errbacks: false, most: 30 };

/**
 * What Python's client sends rightly: it makes a member of a group of one, drops an empty group, and freezes what is right
 * in a group in another order. What replaces a task, errbacks and stamps are left out of what it is asked to send.
 */
export const plain: Ingredients = {
  ...calm,
  callbacks: "small",
  failures: true,
  single: false,
  empty: false,
  nested: false,
  replaced: false,
  stamps: false,
};

/** Whether Celery 5.6.3 sends all of a tree: callbacks of a map alone are dropped, those of a chain may raise an error. */
export function isSentWhole(tree: Tree): boolean {
  return (tree.kind === "call" || tree.callbacks === undefined) && inside(tree).every(isSentWhole);
}

/** Seconds that Python waits for a result. */
const timeout = 25;

/** A Celery worker and client of Python's and stages of ours around them, on one broker and one Redis. */
export class TreeFleet implements AsyncDisposable {
  readonly #brokerUrl: string;
  readonly #theirs = freshQueue("trees-python");
  readonly #mine = freshQueue("trees-ours");
  readonly #keyPrefix = randomUUID();
  readonly #redis = new Redis(redisUrl());
  readonly #otherRuns: string[] = [];
  readonly #worker: PythonWorker;
  readonly #client: PythonClient;
  #turn = 0;

  constructor({ brokerUrl, python }: Pairing) {
    this.#brokerUrl = brokerUrl;
    const conf = {
      result_backend: redisUrl(),
      result_backend_transport_options: { global_keyprefix: this.#keyPrefix },
      task_default_queue: this.#mine,
      task_default_exchange: this.#mine,
      task_default_routing_key: this.#mine,
    };
    const name = randomUUID().slice(0, 8);
    this.#worker = new PythonWorker({ python, brokerUrl, conf, queues: [this.#theirs], name, concurrency: 4 });
    this.#client = new PythonClient({ python, brokerUrl, conf });
  }

  async ready(): Promise<void> {
    this.#redis.on("message", (_channel, run) => void this.#otherRuns.push(run));
    await this.#redis.subscribe(`${this.#keyPrefix}tree.runs`);
    await Promise.all([this.#worker.ready(), this.#client.ready()]);
  }

  /** Calls go to Python's worker and to ours by turns; what is replaced runs with us, for who replaces composes. */
  mixed(): BrokerStage {
    const byTurns = (tree: Tree | null): string => {
      if (tree === null || (tree.kind === "call" && tree.by !== null)) return this.#mine;
      this.#turn += 1;
      return this.#turn % 2 === 0 ? this.#mine : this.#theirs;
    };
    return new BrokerStage({ ...this.#ours(), queueOf: byTurns, otherRuns: this.#otherRuns });
  }

  /** Python composes and sends, a worker of ours runs all. */
  sentByPython(): BrokerStage {
    return new BrokerStage({ ...this.#ours(), start: (tree) => this.#startedByPython(tree) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client.stop(), this.#worker.stop()]);
    await this.#redis.quit();
  }

  #ours() {
    const shared = () => ({
      broker: this.#brokerUrl,
      defaultQueue: this.#mine,
      results: redisResults(redisUrl(), { keyPrefix: this.#keyPrefix }),
    });
    return { client: shared(), worker: { ...shared(), queues: [this.#mine] } };
  }

  async #startedByPython(tree: Tree): Promise<Seen["value"]> {
    const name = randomUUID();
    const started = { [name]: { canvas: shapeOf(tree), also: [] } };
    await this.#client.value(`workflows.start(app, json.loads(${JSON.stringify(JSON.stringify(started))}))`);
    const ends = (await this.#client.value(`workflows.collect("${name}", ${timeout})`)) as readonly End[];
    const [end] = ends;
    if (end === undefined || !("error" in end)) return end?.value ?? HANGS;
    return end.error === "TimeoutError" ? HANGS : FAILED;
  }
}

type End = { readonly value: Value } | { readonly error: string };
