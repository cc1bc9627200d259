import { type ContentOptions, createContent } from "@leveret/celery-protocol";
import { type DeadQueueOptions, expandNodeName, workerNodeName } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../../ports/errors.ts";
import type { Interceptor } from "../../ports/interceptor.ts";
import type { Logger } from "../../ports/logger.ts";
import type { ResultStore } from "../../results/backend.ts";
import type { ErrorClasses } from "../../results/task-error.ts";
import { type QueueTable, resolveQueues, type TaskQueue } from "../../send/queue-table.ts";
import { createRouter, type Router, type Routes } from "../../send/routes.ts";
import { processors } from "../../system/processors.ts";
import { type Duration, durationMs } from "../../task/duration.ts";
import type { TaskDefinition } from "../../task/task.ts";
import { type EventsOption, resolveEvents } from "./events.ts";
import type { LogFormat, LogLevel } from "../reporting/log-lines.ts";
import { type PoolOption, type ResolvedPool, resolvePools } from "./pool.ts";
import { type Allowance, type RemoteControlOptions, resolveAllowance } from "../control/allowance.ts";
import { commandNames, resolveCommands, type WorkerCommands } from "../control/panel.ts";
import { divideSlots, type Slots, type SlotWish } from "../rules/slots.ts";

/** How much the dead queues keep; beyond either bound the oldest go. */
export interface DeadLetterOptions {
  /** Default 14 days. */
  readonly maxAge?: Duration;
  /** Messages in each. Default 100 000. */
  readonly maxLength?: number;
}

/** What a worker may be told about itself, whatever its broker. */
export interface WorkerOptions extends ContentOptions {
  /** The tasks it runs. Those without a handler get one by `implement` before the start. */
  readonly tasks: readonly TaskDefinition[];
  /** The queues it serves. Default `["celery"]`. */
  readonly queues?: readonly TaskQueue[];
  /**
   * Tasks run at once. Queues that name a concurrency have these slots of it for themselves, the others share the rest and
   * each hold as many messages. Default 10, or as many as the machine has processors where tasks run in threads or
   * processes; and what queues have for themselves.
   */
  readonly concurrency?: number;
  /**
   * Where tasks run: in this event loop (`inline`, default), in threads or in processes. Of several, the first is for tasks
   * that do not ask for another by their own option `pool`.
   */
  readonly pool?: PoolOption | readonly PoolOption[];
  /** A task that has run so long and is still running is logged once, as stuck perhaps. Default 10 minutes; 0 is never. */
  readonly stuckAfter?: Duration;
  /** How long running tasks may go on when the worker stops. Default 25 s, below Kubernetes' 30. */
  readonly grace?: Duration;
  /** Node name; `%h`, `%n` and `%d` stand for host, name and domain as in Celery. Default `celery@%h`. */
  readonly name?: string;
  /**
   * Where messages go that cannot run here: undecodable, unknown task, arguments that do not fit. True (default) keeps
   * them in `<queue>.dead`; false rejects them without requeue, as Celery does.
   */
  readonly deadLetter?: boolean | DeadLetterOptions;
  /**
   * How often a message runs before it goes to the dead queue, its task having ended its workers or been given back each
   * time. Counted alike on classic and quorum queues. Default 20; false for no limit.
   */
  readonly deliveryLimit?: number | false;
  /**
   * How long a task that is unknown here is offered to other workers of the queue, every 5 s, before it goes to the dead
   * queue: for rolling deploys that bring new tasks. Default 0.
   */
  readonly unknownTaskGrace?: Duration;
  /**
   * Where results go: `rpc` (default; to the reply queue a message names, Celery's), `amqp` (the same, and for messages
   * that name none a queue of the task's own, gocelery's and celery-node's), false for nowhere, or a backend of your own.
   */
  readonly results?: "rpc" | "amqp" | false | ResultStore;
  /**
   * Who counts the parts of chords. Default: the results, where they can (Redis); with `rpc` and `amqp` chords are refused,
   * as by Celery. `rabbitmq` counts them on the broker alone; all clients and workers of the fleet say so then, and Python
   * workers cannot serve a header.
   */
  readonly chords?: "rabbitmq";
  /** Which tasks go where, for those that handlers and chains send. What the call or the task says wins. */
  readonly routes?: Routes;
  /** Queue of all tasks sent from here that name none. Default `celery`. */
  readonly defaultQueue?: string;
  /**
   * Serializer of tasks sent from here. Default `json` where JSON is accepted, else the first of `accept`, which writes all
   * that names no serializer: results, events and remote control, too.
   */
  readonly serializer?: string;
  /** Compression of tasks sent from here. Default none. */
  readonly compression?: string | null;
  /**
   * What a task sends, and what follows it, has its priority where it says none. Default false. Celery's
   * `task_inherit_parent_priority`.
   */
  readonly inheritParentPriority?: boolean;
  /**
   * A member of a chord that can never report fails its chord with the reason: one that was ignored or rejected for good,
   * that is unknown or unreadable here, that was delivered too often, and whatever such a member or a failed or revoked one keeps from being
   * called. Default true; false tells
   * nobody whom Celery does not tell, and leaves such chords waiting.
   */
  readonly failUnfinishableChords?: boolean;
  /** Classes for the exceptions of tasks that handlers await. */
  readonly errorClasses?: ErrorClasses;
  /**
   * Tasks of a queue held in memory beyond those that run: due within 2 s, or on their way into the broker's delay, or
   * waiting for their eta where that delay cannot be used. More of them take the places of others. Default 1 000.
   */
  readonly scheduledLimit?: number;
  /**
   * Abort what runs when the connection that brought it is lost, since the broker gives it to another worker. Default
   * false: it runs to its end, maybe beside its copy. Tasks acked early go on. Celery's
   * `worker_cancel_long_running_tasks_on_connection_loss`.
   */
  readonly cancelOnConnectionLoss?: boolean;
  /**
   * What Celery's monitors (`celery events`, Flower) hear: of the worker (`"workers"`, default), of its tasks too (true,
   * Celery's `-E`), or nothing (false). Tasks with `sendEvents: false` are passed over.
   */
  readonly events?: EventsOption;
  /**
   * Answer Celery's remote control (`celery inspect`, `celery control`, Flower, other programs' clients), learn from the
   * other workers at the start what was revoked, and take note of their elections; an object allows some commands alone.
   * Default true: all commands.
   */
  readonly remoteControl?: boolean | RemoteControlOptions;
  /** Commands of your own for remote control, by name. */
  readonly commands?: WorkerCommands;
  /** Behaviour around running and sending; the first is the outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Log lines for people (`text`, default) or for machines (`json`), on stderr. */
  readonly logFormat?: LogFormat;
  /** A logger of your own in place of lines on stderr. */
  readonly logger?: Logger;
  /** The least serious lines to write, also to a logger of your own. Default `info`. */
  readonly logLevel?: LogLevel;
}

/** The same, complete and checked. */
export interface ResolvedWorker {
  readonly tasks: readonly TaskDefinition[];
  readonly queues: QueueTable;
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
  readonly commands: WorkerCommands;
  readonly interceptors: readonly Interceptor[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly logger: Logger | null;
  readonly results: "rpc" | "amqp" | false | ResultStore;
  /** Null: the results do, where they can. */
  readonly chords: "rabbitmq" | null;
  readonly content: ContentOptions;
  readonly sending: ResolvedSending;
}

/** How tasks are sent from a worker. */
export interface ResolvedSending {
  readonly router: Router;
  readonly defaultQueue: string;
  readonly defaults: { readonly serializer: string; readonly compression: string | null };
  readonly errorClasses: ErrorClasses;
  readonly inheritsPriority: boolean;
}

const levels: ReadonlySet<unknown> = new Set<LogLevel>(["debug", "info", "warn", "error", "silent"]);

/** Names of the options of a worker, for refusing misspelt ones. */
export const workerOptionNames: readonly (keyof WorkerOptions)[] = [
  "tasks",
  "queues",
  "concurrency",
  "pool",
  "stuckAfter",
  "grace",
  "name",
  "deadLetter",
  "scheduledLimit",
  "deliveryLimit",
  "unknownTaskGrace",
  "cancelOnConnectionLoss",
  "events",
  "remoteControl",
  "commands",
  "interceptors",
  "logFormat",
  "logger",
  "logLevel",
  "results",
  "chords",
  "routes",
  "defaultQueue",
  "serializer",
  "compression",
  "errorClasses",
  "inheritParentPriority",
  "failUnfinishableChords",
  "serializers",
  "compressors",
  "accept",
  "budget",
  "allowNaN",
];

/**
 * @throws CeleryError `option-invalid`
 */
export function resolveWorker(options: WorkerOptions): ResolvedWorker {
  const { tasks, pool = "inline", grace = "25s", name = "celery@%h", ...rest } = options;
  const { deadLetter = true, scheduledLimit = 1_000, cancelOnConnectionLoss = false, interceptors = [] } = rest;
  const { stuckAfter = "10m", failUnfinishableChords = true } = rest;
  if (!Array.isArray(tasks)) refuse("tasks", tasks, "a list of tasks made by defineTask");
  if (!Number.isInteger(scheduledLimit) || scheduledLimit < 0)
    refuse("scheduledLimit", scheduledLimit, "an integer from 0");
  if (typeof cancelOnConnectionLoss !== "boolean")
    refuse("cancelOnConnectionLoss", cancelOnConnectionLoss, "true or false");
  if (typeof failUnfinishableChords !== "boolean")
    refuse("failUnfinishableChords", failUnfinishableChords, "true or false");
  if (typeof name !== "string" || name === "") refuse("name", name, 'a text such as "images@%h"');
  if (!Array.isArray(interceptors)) refuse("interceptors", interceptors, "a list");
  const queues = resolveQueues(options.queues ?? ["celery"]);
  const commands = resolveCommands(options.commands);
  if (queues.queues.size === 0) refuse("queues", options.queues, "a list with at least one queue");
  const slots = resolveSlots(options, queues);
  const concurrency = slots.total;
  return {
    tasks,
    queues,
    concurrency,
    slots,
    pools: resolvePools(pool, concurrency),
    stuckAfterMs: durationMs(stuckAfter, "stuckAfter"),
    graceMs: durationMs(grace, "grace"),
    name,
    ...resolveDeadLetter(deadLetter),
    scheduledLimit,
    deliveryLimit: resolveDeliveryLimit(options.deliveryLimit),
    unknownTaskGraceMs: durationMs(options.unknownTaskGrace ?? 0, "unknownTaskGrace"),
    cancelOnConnectionLoss,
    events: resolveEvents(options.events),
    remoteControl: resolveAllowance(options.remoteControl, commandNames(commands)),
    failUnfinishableChords,
    commands,
    interceptors,
    ...resolveLog(options),
    results: resolveResults(options.results),
    chords: resolveChords(options.chords),
    content: contentOf(options),
    sending: resolveSending(options),
  };
}

function resolveSlots({ concurrency, pool = "inline" }: WorkerOptions, { queues }: QueueTable): Slots {
  if (concurrency !== undefined) checkConcurrency(concurrency);
  const wishes = [...queues.values()].map(({ name, place, consuming }) => ({
    name: place?.queue ?? name,
    concurrency: consuming.concurrency,
  }));
  const slots = divideSlots(concurrency ?? null, wishes, defaultConcurrency(pool));
  return (
    slots ?? refuse("concurrency", concurrency, `more than what queues have for themselves (${describeOwn(wishes)})`)
  );
}

function describeOwn(wishes: readonly SlotWish[]): string {
  const named = wishes.filter((wish) => wish.concurrency !== null);
  return [...new Set(named.map(({ name, concurrency }) => `${name}: ${concurrency}`))].join(", ");
}

/**
 * Refuses what is no number of slots.
 *
 * @throws CeleryError `option-invalid`
 */
export function checkConcurrency(concurrency: unknown): void {
  if (typeof concurrency !== "number" || !Number.isInteger(concurrency) || concurrency < 1 || concurrency > 65_535)
    refuse("concurrency", concurrency, "an integer from 1 to 65535");
}

/** Tasks in the event loop mostly wait; those in children compute. */
function defaultConcurrency(pool: PoolOption | readonly PoolOption[]): number {
  const first = typeof pool === "object" && Array.isArray(pool) ? pool[0] : pool;
  return first === "inline" || first === undefined ? 10 : processors();
}

function resolveDeliveryLimit(limit: number | false = 20): number | null {
  if (limit === false) return null;
  if (Number.isInteger(limit) && limit >= 1) return limit;
  return refuse("deliveryLimit", limit, "an integer from 1, or false");
}

function resolveLog(options: WorkerOptions): Pick<ResolvedWorker, "logLevel" | "logFormat" | "logger"> {
  const { logLevel = "info", logFormat = "text", logger = null } = options;
  if (!levels.has(logLevel)) refuse("logLevel", logLevel, [...levels].join(", "));
  if (logFormat !== "text" && logFormat !== "json") refuse("logFormat", logFormat, '"text" or "json"');
  const isLogger = typeof logger === "object" && (logger === null || typeof logger.error === "function");
  if (!isLogger) refuse("logger", logger, "an object with debug, info, warn and error");
  return { logLevel, logFormat, logger };
}

function resolveResults(results: WorkerOptions["results"] = "rpc"): ResolvedWorker["results"] {
  if (results === "rpc" || results === "amqp" || results === false) return results;
  if (typeof results === "object" && results !== null && typeof results.store === "function") return results;
  return refuse("results", results, '"rpc", "amqp", false or a result backend');
}

function resolveChords(chords: WorkerOptions["chords"] | null = null): ResolvedWorker["chords"] {
  if (chords === null || chords === "rabbitmq") return chords;
  return refuse("chords", chords, '"rabbitmq", or left out');
}

function contentOf({ serializers, compressors, accept, budget, allowNaN }: WorkerOptions): ContentOptions {
  return { serializers, compressors, accept, budget, allowNaN };
}

function resolveSending(options: WorkerOptions): ResolvedSending {
  const { routes, defaultQueue = "celery", compression = null, errorClasses = {} } = options;
  const { serializer = createContent(contentOf(options)).defaultSerializer } = options;
  if (!isText(defaultQueue)) refuse("defaultQueue", defaultQueue, "the name of a queue");
  if (!isText(serializer)) refuse("serializer", serializer, "the name of a serializer");
  if (compression !== null && !isText(compression))
    refuse("compression", compression, "the name of a compression, or null");
  const { inheritParentPriority: inheritsPriority = false } = options;
  if (typeof inheritsPriority !== "boolean") refuse("inheritParentPriority", inheritsPriority, "true or false");
  const defaults = { serializer, compression };
  return { router: createRouter(routes), defaultQueue, defaults, errorClasses, inheritsPriority };
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/**
 * The node name that a `name` option stands for on this host.
 *
 * @throws CeleryError `option-invalid` for an abbreviation nobody knows
 */
export function resolveNodeName(name: string, host: string): string {
  try {
    return workerNodeName(expandNodeName(name, { host }), host);
  } catch (error) {
    return refuse("name", name, error instanceof Error ? error.message : "a node name");
  }
}

function resolveDeadLetter(option: boolean | DeadLetterOptions): Pick<ResolvedWorker, "deadLetter" | "deadQueue"> {
  if (typeof option === "boolean") return { deadLetter: option, deadQueue: {} };
  if (typeof option !== "object" || option === null)
    refuse("deadLetter", option, "true, false or { maxAge, maxLength }");
  const { maxAge, maxLength } = option;
  if (maxLength !== undefined && !(Number.isInteger(maxLength) && maxLength > 0))
    refuse("deadLetter.maxLength", maxLength, "an integer from 1");
  const maxAgeMs = maxAge === undefined ? undefined : durationMs(maxAge, "deadLetter.maxAge");
  return { deadLetter: true, deadQueue: { maxAgeMs, maxLength } };
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new CeleryError(
    "option-invalid",
    `${option} is ${JSON.stringify(value) ?? typeof value}: it must be ${wanted}`,
  );
}
