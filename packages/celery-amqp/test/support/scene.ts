import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { CeleryError, type Client, createClient, defineTask, type TypedTask } from "../../src/index.ts";
import type { Ids } from "../../src/ports/clock.ts";
import { systemIds } from "../../src/system/clock.ts";
import { createWorker, type Worker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";
import type { RabbitCluster } from "@leveret/test-support/rabbit-cluster";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

/** One scene: what befalls the nodes, for how long, and how it ends. */
export interface ScenePlan {
  /** The node to which the worker, the sender and the caller of the scene's victim are connected. */
  readonly victim: number;
  readonly strike: () => Promise<void>;
  readonly awayMs: number;
  readonly restore: () => Promise<void>;
  /** How long it is watched after that. */
  readonly afterMs: number;
}

/** The longest silences of a scene, in milliseconds, and what became of the calls. */
export interface SceneReport {
  /** Of each sender, and the longest of them: between two confirms. */
  readonly confirmGapMs: number;
  /** Between two tasks that ran to their end. */
  readonly workGapMs: number;
  /** Of each caller, and the longest of them: between two answers. */
  readonly resultGapMs: number;
  readonly sent: number;
  /** Sends that failed, by the code of their error. */
  readonly refused: Readonly<Record<string, number>>;
  /** Confirmed tasks that never ran. */
  readonly lost: number;
  readonly runs: number;
  readonly calls: number;
  readonly answered: number;
  /** Lines of warnings and errors of workers and clients, by their message. */
  readonly warnings: Readonly<Record<string, number>>;
}

/** Times at which something went well. */
class Pulse {
  #last = Date.now();
  longestMs = 0;
  count = 0;

  beat(): void {
    this.count += 1;
    this.look();
    this.#last = Date.now();
  }

  look(): void {
    this.longestMs = Math.max(this.longestMs, Date.now() - this.#last);
  }

  reset(): void {
    this.#last = Date.now();
    this.longestMs = 0;
  }
}

/** Sends every 50 ms without waiting, and awaits no results. */
class SteadySender {
  readonly client: Client;
  readonly #task: TypedTask<[id: string], unknown>;
  readonly pulse = new Pulse();
  readonly confirmed: string[] = [];
  readonly refused: Record<string, number> = {};
  readonly #sending = new Set<Promise<void>>();
  sent = 0;

  constructor(client: Client, task: TypedTask<[id: string], unknown>) {
    this.client = client;
    this.#task = task;
  }

  send(): void {
    const id = randomUUID();
    this.sent += 1;
    const sending = this.#deliver(id);
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }

  async #deliver(id: string): Promise<void> {
    try {
      await this.client.send(this.#task, id);
      this.confirmed.push(id);
      this.pulse.beat();
    } catch (error) {
      const code = error instanceof CeleryError ? error.code : "another error";
      this.refused[code] = (this.refused[code] ?? 0) + 1;
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#sending);
  }
}

/** Calls every 100 ms without waiting for the answer before. */
class SteadyCaller {
  readonly client: Client;
  readonly #task: TypedTask<[id: string], unknown>;
  readonly pulse = new Pulse();
  calls = 0;

  constructor(client: Client, task: TypedTask<[id: string], unknown>) {
    this.client = client;
    this.#task = task;
  }

  call(): void {
    this.calls += 1;
    this.client.call(this.#task, randomUUID()).then(
      () => this.pulse.beat(),
      () => {}, // what is not answered shows in the gap
    );
  }
}

/**
 * Plays one scene on a cluster: two workers, two senders and two callers of a quorum queue, one of each connected to the
 * victim and one to another node. Whatever is confirmed must run in the end.
 */
export async function playScene(cluster: RabbitCluster, plan: ScenePlan): Promise<SceneReport> {
  const nodes = cluster.urls.map((_, index) => index + 1);
  const other = nodes.find((node) => node !== plan.victim) ?? plan.victim;
  const name = `scene-${randomUUID().slice(0, 8)}`;
  const queues = [{ name, type: "quorum" as const }];
  const work = new Pulse();
  const ran = new Set<string>();
  const task = defineTask(`scene.${name}`, {
    queue: name,
    run: async (_ctx, id: string) => {
      await pause(5);
      ran.add(id);
      work.beat();
    },
  });
  const log = new RecordingLogger();
  const at = (node: number): { readonly broker: readonly string[]; readonly ids: Ids } => ({
    broker: [node, ...nodes.filter((each) => each !== node)].map((each) => cluster.urls[each - 1] ?? ""),
    ids: inOrder(nodes.length),
  });
  const workers: Worker[] = [plan.victim, other].map((node, index) =>
    createWorker({ ...at(node), name: `w${index + 1}@${name}`, tasks: [task], queues, concurrency: 8, logger: log }),
  );
  const client = (node: number, results: "rpc" | false): Client =>
    createClient({ ...at(node), queues, results, logger: log });
  const senders = [plan.victim, other].map((node) => new SteadySender(client(node, false), task));
  const callers = [plan.victim, other].map((node) => new SteadyCaller(client(node, "rpc"), task));
  const stopping = new AbortController();
  try {
    for (const worker of workers) await worker.start();
    const beats = every(50, stopping.signal, () => senders.forEach((sender) => sender.send()));
    const calls = every(100, stopping.signal, () => callers.forEach((caller) => caller.call()));
    const pulses = [work, ...senders.map(({ pulse }) => pulse), ...callers.map(({ pulse }) => pulse)];
    await eventually("all flows", () => pulses.every(({ count }) => count > 20));
    for (const pulse of pulses) pulse.reset();
    await plan.strike();
    await pause(plan.awayMs);
    await plan.restore();
    await pause(plan.afterMs);
    for (const pulse of pulses) pulse.look();
    stopping.abort();
    await Promise.all([beats, calls]);
    const report = { confirms: longest(senders), results: longest(callers), work: work.longestMs, runs: work.count };
    await Promise.all(senders.map((sender) => sender.settled()));
    const confirmed = senders.flatMap((sender) => sender.confirmed);
    await eventually("all that was confirmed has run", () => confirmed.every((id) => ran.has(id))).catch(() => {});
    return {
      confirmGapMs: report.confirms,
      workGapMs: report.work,
      resultGapMs: report.results,
      sent: senders.reduce((sum, { sent }) => sum + sent, 0),
      refused: Object.assign({}, ...senders.map(({ refused }) => refused)) as Record<string, number>,
      lost: confirmed.filter((id) => !ran.has(id)).length,
      runs: report.runs,
      calls: callers.reduce((sum, caller) => sum + caller.calls, 0),
      answered: callers.reduce((sum, { pulse }) => sum + pulse.count, 0),
      warnings: warningsOf(log),
    };
  } finally {
    stopping.abort();
    await Promise.all([
      ...workers.map((worker) => worker.stop({ grace: 0 })),
      ...[...senders, ...callers].map((each) => each.client.close({ timeout: 0 })),
    ]);
  }
}

function longest(actors: readonly { readonly pulse: Pulse }[]): number {
  return Math.max(...actors.map(({ pulse }) => pulse.longestMs));
}

async function every(ms: number, signal: AbortSignal, act: () => void): Promise<void> {
  while (!signal.aborted) {
    act();
    await pause(ms);
  }
}

function warningsOf({ lines }: RecordingLogger): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const message = /^(?:warn|error) ([^{]*)/.exec(line)?.[1]?.replaceAll(/\d+/g, "N").slice(0, 160);
    if (message !== undefined) counts[message] = (counts[message] ?? 0) + 1;
  }
  return counts;
}

/** Leaves the addresses of a transport's two connections in their order; all other chance is real. */
function inOrder(addresses: number): Ids {
  let calls = 0;
  return { uuid: () => systemIds.uuid(), random: () => (calls < 2 * addresses ? ++calls / 1000 : systemIds.random()) };
}
