import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { deadQueue } from "@leveret/celery-protocol/routing";
import { countersLeft, drain, emptyDeadQueues, leftoversOf, stopWorkers } from "./drain.ts";
import { inflict } from "./inflict.ts";
import type { Outage } from "./judging/gaps.ts";
import { judge, type Verdict } from "./judging/judge.ts";
import type { ChaosOptions } from "./options.ts";
import { poisonQueues, queues } from "./judging/orders.ts";
import { readRecords, Recorder } from "./judging/records.ts";
import { describeFault, type Fault, planFaults } from "./schedule.ts";
import { sceneOf, Stage } from "./stage.ts";

/** What came of a run, with what it was. */
export interface Outcome extends Verdict {
  readonly options: ChaosOptions;
  /** RabbitMQ's own: `3.10.8`. */
  readonly brokerVersion: string;
  readonly faults: number;
  /** Those of them that could not be done, such as a command of the broker's that did not come back. */
  readonly missed: number;
  /** Programs that were started again. */
  readonly restarts: number;
  /** Where records and logs are; null where they were removed. */
  readonly folder: string | null;
}

/** Kinds of faults that hurt a node, of which only one is hurt at a time. */
const nodeFaults: ReadonlySet<string> = new Set([
  "kill-node",
  "stop-node",
  "freeze-node",
  "memory-alarm",
  "consumer-timeout",
]);

/** One run, from an empty broker to a verdict. `tell` is given a line for each thing that happens. */
export async function runChaos(options: ChaosOptions, tell: (line: string) => void): Promise<Outcome> {
  const folder = options.keep === null ? mkdtempSync(join(tmpdir(), "leveret-chaos-")) : resolve(options.keep);
  mkdirSync(folder, { recursive: true });
  tell("starting the broker");
  const stage = await Stage.open(options, folder);
  try {
    await warmUp(stage, tell);
    const faults = planFaults(sceneOf(options));
    const { nodeDeaths, outages, missed } = await inflictAll(faults, stage, options, tell);
    tell("the faults are over: draining");
    await stage.heal();
    await drain(stage, new Recorder(folder, "conductor"));
    await stopWorkers(stage);
    const deadIds = await emptyDeadQueues(stage);
    const leftovers = await leftoversOf(stage);
    const counters = await countersLeft(stage);
    const records = readRecords(folder);
    const { complaints } = stage;
    const verdict = judge({ records, nodeDeaths, outages, deadIds, leftovers, counters, complaints });
    const isKept = options.keep !== null || verdict.violations.length > 0;
    if (!isKept) rmSync(folder, { recursive: true });
    const restarts = stage.programs.reduce((sum, program) => sum + program.restarts, 0);
    const brokerVersion = stage.broker.cluster.version;
    const hurt = { faults: faults.length, missed, restarts };
    return { ...verdict, ...hurt, options, brokerVersion, folder: isKept ? folder : null };
  } finally {
    await stage.close();
  }
}

/** Tasks run before the first fault, and every queue is on disk. */
async function warmUp(stage: Stage, tell: (line: string) => void): Promise<void> {
  await stage.startWorkers();
  await stage.startPublishers();
  for (const queue of [queues.classic, queues.quorum]) {
    const end = Date.now() + 60_000;
    while (((await stage.transport.inspectQueue(`${queue}.dead`))?.messageCount ?? 0) === 0) {
      if (Date.now() > end) throw new Error(`Nothing came to ${queue}.dead: the programs do not work`);
      await pause(100);
    }
  }
  for (const queue of [...Object.values(queues), ...Object.values(poisonQueues)]) {
    await stage.transport.declare(deadQueue(queue));
  }
  if (stage.broker.size > 1) return;
  // RabbitMQ 3.10 forgets a durable queue that was declared a moment before it is killed.
  tell("all is running: the broker is restarted once in good order");
  await stage.broker.lose(1, "stop");
  await stage.broker.bringBack(1);
}

/** Each fault at its time; those of nodes wait for each other. What the seconds leave no time for is left out. */
async function inflictAll(
  faults: readonly Fault[],
  stage: Stage,
  { seconds, nodes }: Pick<ChaosOptions, "seconds" | "nodes">,
  tell: (line: string) => void,
): Promise<{ readonly nodeDeaths: readonly number[]; readonly outages: readonly Outage[]; readonly missed: number }> {
  const start = Date.now();
  const lastMs = seconds * 1000;
  const nodeDeaths: number[] = [];
  const outages: Outage[] = [];
  let missed = 0;
  const underWay: Promise<void>[] = [];
  let lane: Promise<void> = Promise.resolve();
  const attempt = async (fault: Fault): Promise<void> => {
    tell(describeFault(fault));
    // A busy machine takes long to bring nodes back; those that wait for them must not make the run any longer.
    if (Date.now() > start + lastMs) {
      missed += 1;
      tell(`         ${fault.kind} is left out: the time is over`);
      return;
    }
    const from = Date.now();
    try {
      const { nodeDeath } = await inflict(fault, stage);
      if (nodeDeath !== null) nodeDeaths.push(nodeDeath);
    } catch (error) {
      missed += 1;
      tell(`         ${fault.kind} could not be done: ${error instanceof Error ? error.message : String(error)}`);
    }
    // The only node, or an alarm, which holds for all nodes.
    const isOutage = fault.kind === "memory-alarm" || (nodes === 1 && nodeFaults.has(fault.kind));
    if (isOutage) outages.push({ from, to: Date.now() });
  };
  for (const fault of faults) {
    await pause(Math.max(0, start + fault.atMs - Date.now()));
    if (nodeFaults.has(fault.kind)) lane = lane.then(() => attempt(fault));
    else underWay.push(attempt(fault));
  }
  await Promise.all([...underWay, lane]);
  return { nodeDeaths, outages, missed };
}
