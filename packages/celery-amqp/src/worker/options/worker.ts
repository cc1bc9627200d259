import { type DeadQueueOptions, expandNodeName, workerNodeName } from "@leveret/celery-protocol/routing";
import {
  duration,
  either,
  flag,
  functions,
  integer,
  isObject,
  list,
  methods,
  oneOf,
  oneOrMany,
  props,
  record,
  type Shape,
  shape,
  string,
  text,
} from "@leveret/options";
import { type FleetOptions, fleetShapes, type ResolvedFleet, resolveFleet } from "../../fleet/options.ts";
import { openResults, type ResultsOption } from "../../fleet/results.ts";
import { type Logger, silentLogger } from "../../ports/logger.ts";
import { checkOptions, invalidOption } from "../../ports/options.ts";
import type { ResultStore } from "../../results/backend.ts";
import { type QueueTable, resolveQueues, type TaskQueue } from "../../send/queue-table.ts";
import { processors } from "../../system/processors.ts";
import { withDefaults } from "../../task/defaults.ts";
import { type Duration, durationMs } from "../../ports/duration.ts";
import type { TaskDefinition } from "../../task/task.ts";
import {
  type Allowance,
  type RemoteControlOptions,
  remoteControlShape,
  resolveAllowance,
} from "../control/allowance.ts";
import { commandNames, resolveCommands, type WorkerCommands } from "../control/panel.ts";
import type { LogFormat, LogLevel } from "../reporting/log-lines.ts";
import { divideSlots, type Slots, type SlotWish } from "../rules/slots.ts";
import type { EventsOption } from "./events.ts";
import { type HealthOptions, healthShape, type ResolvedHealth, resolveHealth } from "./health.ts";
import { assertPooled, type PoolOption, poolShape, type ResolvedPool, resolvePools } from "./pool.ts";

/** How much a dead queue keeps: beyond either limit the broker drops its oldest messages. */
export interface DeadLetterOptions {
  /** Default 14 days. */
  readonly maxAge?: Duration;
  /** Messages of one dead queue. Default 100 000. */
  readonly maxLength?: number;
}

/** Options of a worker. Only `tasks` has no default. */
export interface CreateWorkerOptions extends Omit<FleetOptions, "results"> {
  /** The tasks of the worker. A task without a handler gets one by `implement` before the start. */
  readonly tasks: readonly TaskDefinition[];
  /** As in `FleetOptions`, or a result backend of your own. */
  readonly results?: ResultsOption | ResultStore;
  /** Names of the queues that the worker consumes. Default: all of `queues`, else `defaultQueue`. */
  readonly consume?: readonly string[];
  /**
   * Tasks that run at once. A queue with a concurrency of its own has these slots for itself; the other queues share the
   * rest, and each prefetches as many messages. Default: 10, or the number of processors where tasks run in threads or
   * processes, plus the slots that queues have for themselves.
   */
  readonly concurrency?: number;
  /**
   * Where tasks run: in this event loop (`inline`, default), in threads or in processes. Of several pools, the first runs
   * the tasks whose option `pool` names none.
   */
  readonly pool?: PoolOption | readonly PoolOption[];
  /** A task that runs for longer is logged once as possibly stuck. Default 10 minutes; 0 disables the check. */
  readonly stuckAfter?: Duration;
  /** How long running tasks may take to end when the worker stops. Default 25 s, below the 30 s of Kubernetes. */
  readonly grace?: Duration;
  /** Node name; `%h`, `%n` and `%d` are replaced by host, name and domain as in Celery. Default `celery@%h`. */
  readonly name?: string;
  /**
   * What happens to messages that cannot run (undecodable, unknown task, invalid arguments, over the delivery limit): true
   * (default) moves them to `<queue>.dead`, false rejects them without requeue, as Celery does.
   */
  readonly deadLetter?: boolean | DeadLetterOptions;
  /**
   * Runs of a message that end without an ack, because the worker ended or the task was requeued, before the message goes
   * to the dead queue. Counted on classic and quorum queues alike. Default 20; false for no limit.
   */
  readonly deliveryLimit?: number | false;
  /**
   * How long a message of an unknown task is requeued, every 5 s, for other workers of the queue before it goes to the dead
   * queue: for rolling deploys with new tasks. Default 0.
   */
  readonly unknownTaskGrace?: Duration;
  /**
   * Tasks that a task sends, and its callbacks, inherit its priority unless they have one. Default false. Celery's
   * `task_inherit_parent_priority`.
   */
  readonly inheritParentPriority?: boolean;
  /**
   * Fail a chord when one of its members can never report: ignored, rejected, unknown task, unreadable, over the delivery
   * limit, expired, or never called because a task before it failed or was revoked. Default true. With false, behave as
   * Celery does: such chords wait forever.
   */
  readonly failUnfinishableChords?: boolean;
  /**
   * Unacked tasks of a queue beyond its prefetch: due within 2 s, being moved to the delay queues, or waiting in memory for
   * their eta where the delay queues cannot be used. Tasks beyond this limit count against the prefetch. Default 1 000.
   */
  readonly scheduledLimit?: number;
  /**
   * Abort running tasks when the connection that delivered them is lost, since the broker delivers them again. Default
   * false: they run to their end, possibly beside their copy. Tasks that were acked early continue. Celery's
   * `worker_cancel_long_running_tasks_on_connection_loss`.
   */
  readonly cancelOnConnectionLoss?: boolean;
  /**
   * Events for Celery's monitors (`celery events`, Flower): of the worker (`"workers"`, default), of its tasks too (true,
   * Celery's `-E`), or none (false). No events are sent of tasks with `sendEvents: false`.
   */
  readonly events?: EventsOption;
  /**
   * Answer Celery's remote control (`celery inspect`, `celery control`, Flower, clients), get the revoked ids of the other
   * workers at the start, and acknowledge their elections. An object allows or denies commands. Default true: all commands.
   */
  readonly remoteControl?: boolean | RemoteControlOptions;
  /** Commands of your own for remote control, by name. */
  readonly commands?: WorkerCommands;
  /** Log lines for people (`text`, default) or for machines (`json`), on stderr. */
  readonly logFormat?: LogFormat;
  /** The lowest level that is logged, also to a logger of your own. Default `info`. */
  readonly logLevel?: LogLevel;
  /** HTTP endpoints `/healthz` and `/readyz`, and a heartbeat file, for probes. Default: none. */
  readonly health?: HealthOptions;
  /**
   * A file that keeps revoked ids across restarts: JSON, written shortly after each change and at the stop. Each worker
   * needs a file of its own. Default: none, revoked ids are lost with the process.
   */
  readonly stateFile?: string;
}

/** The options, complete and checked. */
export interface ResolvedWorker extends ResolvedFleet {
  readonly tasks: readonly TaskDefinition[];
  /** The queues that are consumed; `queues` are all that are known. */
  readonly consumed: QueueTable;
  /** Slots of all queues together: how many jobs are run at once. */
  readonly concurrency: number;
  readonly slots: Slots;
  readonly pools: readonly ResolvedPool[];
  readonly stuckAfterMs: number;
  readonly graceMs: number;
  readonly name: string;
  readonly deadLetter: boolean;
  readonly deadQueue: DeadQueueOptions;
  readonly scheduledLimit: number;
  /** Null is none. */
  readonly deliveryLimit: number | null;
  readonly unknownTaskGraceMs: number;
  readonly cancelOnConnectionLoss: boolean;
  readonly events: EventsOption;
  /** Null: the worker takes no commands. */
  readonly remoteControl: Allowance | null;
  readonly failUnfinishableChords: boolean;
  readonly inheritsPriority: boolean;
  readonly commands: WorkerCommands;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly logger: Logger | null;
  readonly results: "rpc" | "amqp" | false | ResultStore;
  readonly health: ResolvedHealth;
  readonly stateFile: string | null;
}

const time = duration();
const store: Shape = methods("a result backend", "store", "close");
const task = shape("a task made by defineTask", (value) => isObject(value) && value["kind"] === "task");
const concurrencyShape = integer(1, 65_535);

const workerShape = props<CreateWorkerOptions>({
  ...fleetShapes,
  "tasks*": list(task),
  results: either(store, either(string, oneOf(false))),
  consume: list(text("a queue's name"), { least: 1, wanted: "a list with at least one queue" }),
  concurrency: concurrencyShape,
  pool: oneOrMany(poolShape),
  stuckAfter: time,
  grace: time,
  name: text('a name such as "images@%h"'),
  deadLetter: either(props<DeadLetterOptions>({ maxAge: time, maxLength: integer(1) }), flag),
  deliveryLimit: either(integer(1), oneOf(false)),
  unknownTaskGrace: time,
  inheritParentPriority: flag,
  failUnfinishableChords: flag,
  scheduledLimit: integer(0),
  cancelOnConnectionLoss: flag,
  events: oneOf(true, false, "workers"),
  remoteControl: either(remoteControlShape, flag),
  commands: record(functions),
  logFormat: oneOf("text", "json"),
  logLevel: oneOf("debug", "info", "warn", "error", "silent"),
  health: healthShape,
  stateFile: text("the path of a file"),
});

/** @throws CeleryError `option-invalid`, naming the option */
export function resolveWorker(options: CreateWorkerOptions): ResolvedWorker {
  checkOptions(workerShape, options, owner);
  const {
    pool = "inline",
    grace = "25s",
    name = "celery@%h",
    stuckAfter = "10m",
    taskDefaults = {},
    ...rest
  } = options;
  const { scheduledLimit = 1_000, cancelOnConnectionLoss = false, failUnfinishableChords = true } = rest;
  const { inheritParentPriority = false, events = "workers", logLevel = "info", logFormat = "text" } = rest;
  const { deadLetter = true, deliveryLimit = 20, unknownTaskGrace = 0, logger = null, stateFile = null } = rest;
  const consumedQueues = queuesToConsume(options);
  const known = new Set([...(options.queues ?? []), ...consumedQueues]);
  const fleet = resolveFleet({ ...options, queues: [...known] });
  const consumed = resolveQueues(consumedQueues);
  const commands = resolveCommands(options.commands);
  if (consumed.queues.size === 0)
    throw invalidOption(owner, "queues", options.queues, "Give a list with at least one queue");
  const slots = resolveSlots(options, consumed);
  const pools = resolvePools(pool, slots.total);
  const tasks = options.tasks.map((each) => withDefaults(each, taskDefaults));
  assertPooled(tasks, pools);
  if (taskDefaults.retry && taskDefaults.retry.when !== undefined && pools.some(({ kind }) => kind !== "inline"))
    throw invalidOption(
      owner,
      "taskDefaults.retry.when",
      taskDefaults.retry.when,
      "Give it in the tasks: no function reaches a pool of children",
    );
  return {
    ...fleet,
    tasks,
    consumed,
    concurrency: slots.total,
    slots,
    pools,
    stuckAfterMs: durationMs(stuckAfter, "stuckAfter"),
    graceMs: durationMs(grace, "grace"),
    name,
    ...resolveDeadLetter(deadLetter),
    scheduledLimit,
    deliveryLimit: deliveryLimit === false ? null : deliveryLimit,
    unknownTaskGraceMs: durationMs(unknownTaskGrace, "unknownTaskGrace"),
    cancelOnConnectionLoss,
    events,
    remoteControl: resolveAllowance(options.remoteControl, commandNames(commands)),
    failUnfinishableChords,
    inheritsPriority: inheritParentPriority,
    commands,
    logLevel,
    logFormat,
    logger,
    results: openResults(options.results, logger ?? silentLogger),
    health: resolveHealth(options.health),
    stateFile,
  };
}

const owner = "the worker";

function queuesToConsume({ queues, consume, defaultQueue = "celery" }: CreateWorkerOptions): readonly TaskQueue[] {
  if (consume === undefined) return queues ?? [defaultQueue];
  const known = new Map((queues ?? []).map((queue) => [typeof queue === "string" ? queue : queue.name, queue]));
  return consume.map((name) => known.get(name) ?? name);
}

function resolveSlots({ concurrency, pool = "inline" }: CreateWorkerOptions, { queues }: QueueTable): Slots {
  const wishes = [...queues.values()].map(({ name, place, consuming }) => ({
    name: place?.queue ?? name,
    concurrency: consuming.concurrency,
  }));
  const slots = divideSlots(concurrency ?? null, wishes, defaultConcurrency(pool));
  if (slots !== null) return slots;
  const remedy = `Give more than the queues have for themselves (${describeOwn(wishes)})`;
  throw invalidOption(owner, "concurrency", concurrency, remedy);
}

function describeOwn(wishes: readonly SlotWish[]): string {
  const named = wishes.filter((wish) => wish.concurrency !== null);
  return [...new Set(named.map(({ name, concurrency }) => `${name}: ${concurrency}`))].join(", ");
}

/**
 * Refuses a value that is no number of slots.
 *
 * @throws CeleryError `option-invalid`
 */
export function checkConcurrency(concurrency: unknown): void {
  checkOptions(concurrencyShape, concurrency, "setConcurrency");
}

/** Tasks in the event loop mostly wait; those in children compute. */
function defaultConcurrency(pool: PoolOption | readonly PoolOption[]): number {
  const first = typeof pool === "object" && Array.isArray(pool) ? pool[0] : pool;
  return first === "inline" || first === undefined ? 10 : processors();
}

/**
 * The node name that a `name` option stands for on this host.
 *
 * @throws CeleryError `option-invalid` for an unknown abbreviation
 */
export function resolveNodeName(name: string, host: string): string {
  try {
    return workerNodeName(expandNodeName(name, { host }), host);
  } catch (error) {
    throw invalidOption(
      owner,
      "name",
      name,
      error instanceof Error ? error.message.replace(/\.$/, "") : "Give a node name",
    );
  }
}

function resolveDeadLetter(option: boolean | DeadLetterOptions): Pick<ResolvedWorker, "deadLetter" | "deadQueue"> {
  if (typeof option === "boolean") return { deadLetter: option, deadQueue: {} };
  const { maxAge, maxLength } = option;
  const maxAgeMs = maxAge === undefined ? undefined : durationMs(maxAge, "deadLetter.maxAge");
  return { deadLetter: true, deadQueue: { maxAgeMs, maxLength } };
}
