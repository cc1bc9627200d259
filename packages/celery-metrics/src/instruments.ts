import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What the names begin with and how the histograms are divided, in seconds. */
export interface InstrumentOptions {
  readonly prefix: string;
  readonly runtimeBuckets: readonly number[];
  readonly waitBuckets: readonly number[];
}

/** Every metric, by what it measures. Their names and labels are in the README. */
export interface Instruments {
  readonly tasks: Counter<"worker" | "task" | "state">;
  readonly deadLetters: Counter<"worker" | "queue" | "reason">;
  readonly runtime: Histogram<"worker" | "task">;
  readonly queueWait: Histogram<"worker" | "task" | "queue">;
  readonly prefetchWait: Histogram<"worker" | "task" | "queue">;
  readonly published: Counter<"task" | "outcome">;
  readonly publishTime: Histogram<"outcome">;
  readonly reconnects: Counter<"peer">;
}

/** What a gauge shows at the moment of a scrape: label values and the number. */
export type Reading = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 * Registers them.
 *
 * @throws Error of prom-client's where the registry has metrics of these names already
 */
export function createInstruments(registry: Registry, options: InstrumentOptions): Instruments {
  const { prefix } = options;
  const registers = [registry];
  const runtime = [...options.runtimeBuckets];
  const wait = [...options.waitBuckets];
  return {
    tasks: new Counter({
      registers,
      name: `${prefix}tasks_total`,
      help: "What happened to tasks, by name and state.",
      labelNames: ["worker", "task", "state"],
    }),
    deadLetters: new Counter({
      registers,
      name: `${prefix}dead_letters_total`,
      help: "Messages that could not run and went to a dead queue, or were rejected where there is none.",
      labelNames: ["worker", "queue", "reason"],
    }),
    runtime: new Histogram({
      registers,
      name: `${prefix}task_runtime_seconds`,
      help: "Time from the start of a task to its end, whatever that was.",
      labelNames: ["worker", "task"],
      buckets: runtime,
    }),
    queueWait: new Histogram({
      registers,
      name: `${prefix}task_queue_wait_seconds`,
      help: "Time from sending a task, or from its eta, to its start.",
      labelNames: ["worker", "task", "queue"],
      buckets: wait,
    }),
    prefetchWait: new Histogram({
      registers,
      name: `${prefix}task_prefetch_wait_seconds`,
      help: "Time from receiving a task, or from its eta, to its start.",
      labelNames: ["worker", "task", "queue"],
      buckets: wait,
    }),
    published: new Counter({
      registers,
      name: `${prefix}published_total`,
      help: "Tasks handed to the broker, by outcome: confirmed, or the code of the error.",
      labelNames: ["task", "outcome"],
    }),
    publishTime: new Histogram({
      registers,
      name: `${prefix}publish_seconds`,
      help: "Time from sending a task to the outcome, the declaring of its queue included.",
      labelNames: ["outcome"],
      buckets: wait,
    }),
    reconnects: new Counter({
      registers,
      name: `${prefix}reconnects_total`,
      help: "Connections that came back after they had been lost.",
      labelNames: ["peer"],
    }),
  };
}

/** A gauge that is read when it is scraped, and never kept up to date in between. */
export function readGauge(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  read: () => readonly Reading[],
): void {
  new Gauge({
    registers: [registry],
    name,
    help,
    labelNames,
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
}
