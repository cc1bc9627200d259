import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Prefix of the names, and bounds of the histograms' buckets in seconds. */
export interface InstrumentOptions {
  readonly prefix: string;
  readonly runtimeBuckets: readonly number[];
  readonly waitBuckets: readonly number[];
}

/** The metrics. Their names and labels are in the README. */
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

/** A gauge's value at a scrape: label values and the number. */
export type Reading = readonly [labels: Readonly<Record<string, string>>, value: number];

/**
 *
 * @throws Error of prom-client's where the registry already has metrics of these names
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
      help: "Number of tasks by name and state.",
      labelNames: ["worker", "task", "state"],
    }),
    deadLetters: new Counter({
      registers,
      name: `${prefix}dead_letters_total`,
      help: "Messages that were dead-lettered, or rejected where there is no dead queue.",
      labelNames: ["worker", "queue", "reason"],
    }),
    runtime: new Histogram({
      registers,
      name: `${prefix}task_runtime_seconds`,
      help: "Time from the start of a task to its end, in any state.",
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
      help: "Tasks published, by outcome: confirmed, or the code of the error.",
      labelNames: ["task", "outcome"],
    }),
    publishTime: new Histogram({
      registers,
      name: `${prefix}publish_seconds`,
      help: "Time from sending a task to the outcome, including the declaration of its queue.",
      labelNames: ["outcome"],
      buckets: wait,
    }),
    reconnects: new Counter({
      registers,
      name: `${prefix}reconnects_total`,
      help: "Reconnects after the loss of a connection.",
      labelNames: ["peer"],
    }),
  };
}

/** A gauge that is read at each scrape. */
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
