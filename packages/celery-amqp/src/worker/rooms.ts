import { composeRun } from "../ports/interceptor.ts";
import { Seldom } from "../ports/seldom.ts";
import type { Transport } from "../ports/transport.ts";
import { logicalName } from "../send/queue-table.ts";
import type { TaskRegistry } from "../task/registry.ts";
import { Announcer, type AnnouncerParts } from "./reporting/announcer.ts";
import { ChordJoining } from "./pipeline/chord-joining.ts";
import type { Errbacks } from "./pipeline/errbacks.ts";
import { withFields } from "./reporting/log-lines.ts";
import { Copies } from "./pipeline/copies.ts";
import { DeadLetters } from "./pipeline/dead-letters.ts";
import { Held, type HeldParts } from "./pipeline/held.ts";
import { Performer } from "./pipeline/perform.ts";
import { Pipeline, type PipelineParts } from "./pipeline/pipeline.ts";
import { Requeue } from "./pipeline/requeue.ts";
import { Waits } from "./pipeline/waits.ts";
import { createChildPool } from "./pool/children/child-pool.ts";
import { createInlinePool, type InlinePoolParts } from "./pool/inline.ts";
import type { Job, JobHost } from "./pool/running/job.ts";
import type { Pool, RunningJob } from "./pool/pool.ts";
import { processStarter } from "./pool/children/process.ts";
import { createRoutedPool } from "./pool/routed-pool.ts";
import { threadStarter } from "./pool/children/thread.ts";
import type { ResolvedPool } from "./options/pool.ts";
import { poolKindOf } from "./rules/pool-kind.ts";
import type { Readiness } from "./health/readiness.ts";
import { RunWatch } from "./reporting/run-watch.ts";
import { afterPart } from "./rules/chord.ts";
import { keepsResult } from "./rules/request.ts";
import { customMeta } from "./rules/result.ts";
import type { Revoked } from "./rules/screen.ts";
import type { World } from "./rules/world.ts";
import type { WorkerParts } from "./parts.ts";

/** How long a task waits to be settled while the broker is away; then its message goes back, or has gone already. */
const patienceMs = 60_000;

/** Tasks that have ended and wait to be settled, while others run. */
const unsettledLimit = 1_000;

/** Runs shorter than this do not hold an event loop up for long. */
const longRunMs = 250;

/** Who looks after what runs; null where nobody asked for it. */
export function createRunWatch({ options, clock, log, watch }: WorkerParts): RunWatch | null {
  if (watch === null) return null;
  const { pools, stuckAfterMs } = options;
  const isInline = (job: Job): boolean => poolKindOf(job, pools) === "inline";
  return new RunWatch({ ...watch, clock, log, stuckAfterMs, isInline });
}

/** Who tells Celery's monitors; null where nobody is to. */
export function createAnnouncer(
  parts: WorkerParts,
  worker: Pick<AnnouncerParts, "tasks" | "active">,
): Announcer | null {
  const { options, nodeName: hostname } = parts;
  if (options.events === false) return null;
  return new Announcer({
    ...parts,
    ...worker,
    hostname,
    tellsOfTasks: options.events === true,
  });
}

/** What a pool is told by the worker it belongs to. */
export interface PoolSetting {
  readonly tasks: TaskRegistry;
  readonly runnable: InlinePoolParts["runnable"];
  readonly watch: RunWatch | null;
  /** Who tells monitors; null where nobody is to. */
  readonly announcer: () => Announcer | null;
  /** Whether listeners of the worker are told of results. */
  readonly hearsOfResults: () => boolean;
}

/** The pool that tasks run in: the one of a worker that has one, all of them together else. */
export function createPool(parts: WorkerParts, setting: PoolSetting): Pool {
  const { pools, concurrency } = parts.options;
  const made = new Map(pools.map((pool) => [pool.kind, createOnePool(parts, pool, setting)]));
  const [only] = made.values();
  return made.size === 1 && only !== undefined ? only : createRoutedPool({ size: concurrency, pools: made });
}

function createOnePool(parts: WorkerParts, pool: ResolvedPool, setting: PoolSetting): Pool {
  const { tasks, runnable, watch, announcer, hearsOfResults } = setting;
  const { options, clock, log, nodeName: origin } = parts;
  const intercept = options.interceptors.length === 0 ? null : composeRun(options.interceptors);
  const host = createHost(parts, announcer);
  if (pool.kind === "inline") {
    const onRunawayEnd: InlinePoolParts["onRunawayEnd"] = ({ task }, ms) =>
      log.warn("a task that was given up has ended at last", { task: task.task, id: task.id, ms: Math.round(ms) });
    const longRun = watch && { fromMs: longRunMs, onEnd: (run: RunningJob) => watch.onInlineEnd(run) };
    return createInlinePool({ size: options.concurrency, clock, host, intercept, runnable, longRun, onRunawayEnd });
  }
  return createChildPool({
    ...pool,
    clock,
    log,
    settings: {
      origin,
      budget: parts.content.budget,
      countsChords: parts.results.chords !== undefined,
      inheritsPriority: options.inheritsPriority,
    },
    intercept,
    startChild: pool.kind === "threads" ? threadStarter(pool) : processStarter(pool),
    services: { ...host, ...parts.sending },
    recycle: pool,
    watchesResults: () => intercept !== null || hearsOfResults() || (announcer()?.tellsOfTasks ?? false),
    returns: (name) => tasks.get(name)?.returns ?? null,
    tasks: () => tasks.list().flatMap((task) => (poolKindOf(task, options.pools) === pool.kind ? [task.name] : [])),
  });
}

function createHost(parts: WorkerParts, announcer: PoolSetting["announcer"]): JobHost {
  const { results, log, senderFor, nodeName: hostname } = parts;
  const joins = new ChordJoining({ ...parts, world: createWorld(parts) });
  return {
    hostname,
    addToChord: ({ task }, call) => joins.join(task, call),
    setState: async ({ task, policy }, state, meta) => {
      if (keepsResult({ task, policy })) await results.store(customMeta(task.id, state, meta), task);
    },
    sendEvent: async ({ task }, type, fields) => announcer()?.tellCustom(task.id, type, fields),
    senderFor,
    logFor: ({ task }) => withFields(log, { task: task.task, id: task.id }),
  };
}

/** What a pipeline is told by the worker it belongs to. */
export interface PipelineSetting
  extends Pick<PipelineParts, "emit" | "lanes" | "quiet" | "wake">, Pick<HeldParts, "onHeld"> {
  readonly readiness: Readiness;
  readonly errbacks: Errbacks;
  readonly tasks: TaskRegistry;
  readonly pool: Pool;
  readonly revoked: Revoked;
}

/** The rooms that messages walk through. */
export function createPipeline(
  parts: WorkerParts,
  { tasks, pool, lanes, revoked, emit, onHeld, errbacks, readiness, quiet, wake }: PipelineSetting,
): Pipeline {
  const { options, transport, clock, log, results, content, nodeName, send, delayQueues } = parts;
  const deadLetters = new DeadLetters({
    transport,
    nodeName,
    log,
    bounds: options.deadQueue,
    now: () => clock.now(),
    logicalName: (queue) => logicalName(options.queues, queue),
  });
  const world = createWorld(parts, (errback) => errbacks.isCalledHere(errback));
  const waits = new Waits({
    clock,
    log,
    onObstacle: (obstacle, reason) => readiness.onObstacle(obstacle, reason),
    onCleared: (obstacle) => readiness.onCleared(obstacle),
  });
  const held = new Held({ clock, onHeld });
  const requeue = new Requeue({ clock, held });
  const copies = new Copies(log);
  return new Pipeline({
    copies,
    complaints: new Seldom(clock, log),
    clock,
    log,
    patienceMs,
    waits,
    held,
    requeue,
    quiet,
    wake,
    isEmpty: (queue) => isEmpty(transport, queue),
    publisher: transport.publisher,
    delayQueues,
    deliveryLimit: options.deliveryLimit,
    unknownTaskGraceMs: options.unknownTaskGraceMs,
    content,
    world,
    emit,
    tasks,
    pool,
    lanes,
    revoked,
    unsettledLimit,
    throttledLimit: options.scheduledLimit / 2, // the rest is for those on their way back to the broker
    performer: new Performer({
      clock,
      log,
      patienceMs,
      waits,
      results,
      deadLetters,
      requeue,
      keepsDeadLetters: options.deadLetter,
      emit,
      onAckLost: (delivery) => copies.onAckLost(delivery),
      send,
      afterPart: ({ part, task }, progress) => afterPart(part, progress, task, world),
      callErrback: (call) => errbacks.call(call),
    }),
  });
}

/** False where the broker does not answer. */
async function isEmpty(transport: Transport, queue: string): Promise<boolean> {
  const info = await transport.inspectQueue(queue).catch(() => undefined);
  return info === null || info?.messageCount === 0;
}

function createWorld(
  { clock, content, ids, nodeName, pid, options, results, sending }: WorkerParts,
  callsErrback: World["callsErrback"] = () => false,
): World {
  return {
    get now() {
      return clock.now();
    },
    nodeName,
    pid,
    deadLetter: options.deadLetter,
    budget: content.budget,
    countsChords: results.chords !== undefined,
    failsUnfinishableChords: options.failUnfinishableChords,
    inheritsPriority: options.inheritsPriority,
    callsErrback,
    routeOf: sending.planner.termsOf,
    uuid: () => ids.uuid(),
    random: () => ids.random(),
  };
}
