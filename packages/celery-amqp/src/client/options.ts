import { type Content, type ContentOptions, createContent, ProtocolError } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import type { Interceptor } from "../ports/interceptor.ts";
import { guardedLogger, type Logger } from "../ports/logger.ts";
import type { ResultSource } from "../results/backend.ts";
import type { PendingLimits } from "../results/pending.ts";
import type { ErrorClasses } from "../results/task-error.ts";
import { type QueueTable, resolveQueues, type TaskQueue } from "../send/queue-table.ts";
import type { DeclarePolicy } from "../send/queues.ts";
import { createRouter, type Router, type Routes } from "../send/routes.ts";

/** Options of a client, for any transport. */
export interface ClientOptions extends ContentOptions {
  /**
   * How results come back: `rpc` (default; Celery's, one reply queue a client), `amqp` (one queue a task; gocelery's and
   * celery-node's), false for not at all, or a backend of your own.
   */
  readonly results?: "rpc" | "amqp" | false | ResultSource;
  /**
   * The counter of chords. Default: the results backend, if it can (Redis); with `rpc` and `amqp` chords are refused,
   * as by Celery. `rabbitmq` counts them on the broker alone; all clients and workers of the fleet must set it then,
   * and Python workers cannot run tasks of a header.
   */
  readonly chords?: "rabbitmq";
  /** Results kept without a watcher; beyond the limit the oldest are dropped. Default 10 000 results, 64 MB. */
  readonly keepResults?: Partial<PendingLimits>;
  /** Classes for the exceptions of tasks, by type or by module and type: what `TaskFailedError.cause` is made of. */
  readonly errorClasses?: ErrorClasses;
  /** Routes of tasks, Celery's `task_routes`. Options of the call or the task take precedence. */
  readonly routes?: Routes;
  /** Queue of all tasks that name none. Default `celery`. */
  readonly defaultQueue?: string;
  /** Queues that are declared otherwise than Celery's default (durable, no arguments), or sharded. */
  readonly queues?: readonly TaskQueue[];
  /**
   * Before the first message to a queue: declare it as Celery does (`active`, default), only ask that it is there
   * (`passive`, needs no right to configure), or nothing (`off`).
   */
  readonly declare?: DeclarePolicy;
  /**
   * Serializer of tasks by name; others than JSON are plugged in by `serializers`. Default `json` where JSON is accepted, else
   * the first of `accept`, which writes all that names no serializer: remote control, too.
   */
  readonly serializer?: string;
  /** Compression of tasks by name. Default none; compressions are plugged in by `compressors`. */
  readonly compression?: string | null;
  /** Check arguments by the task's schema before they are sent. Default true; workers check them in any case. */
  readonly validate?: boolean;
  /** Send an event for each task that was sent: `task-sent`, Celery's `task_send_sent_event`. Default false. */
  readonly taskSentEvents?: boolean;
  /** Behaviour around sending; the first is the outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Where warnings go. Default nowhere: what matters is thrown. */
  readonly logger?: Logger;
}

/** The same, complete and checked. */
export interface ResolvedClient {
  readonly content: Content;
  readonly results: "rpc" | "amqp" | false | ResultSource;
  /** Null: the results do, where they can. */
  readonly chords: "rabbitmq" | null;
  readonly keepResults: PendingLimits;
  readonly errorClasses: ErrorClasses;
  readonly router: Router;
  readonly defaultQueue: string;
  readonly queues: QueueTable;
  readonly declare: DeclarePolicy;
  readonly defaults: { readonly serializer: string; readonly compression: string | null };
  readonly validate: boolean;
  readonly taskSentEvents: boolean;
  readonly interceptors: readonly Interceptor[];
  readonly logger: Logger;
}

/** Names of the options of a client, for refusing misspelt ones. */
export const clientOptionNames: readonly (keyof ClientOptions)[] = [
  "results",
  "chords",
  "keepResults",
  "errorClasses",
  "routes",
  "defaultQueue",
  "queues",
  "declare",
  "serializer",
  "compression",
  "serializers",
  "compressors",
  "accept",
  "budget",
  "allowNaN",
  "validate",
  "taskSentEvents",
  "interceptors",
  "logger",
];

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** @throws CeleryError `option-invalid`, naming the option */
export function resolveClient(options: ClientOptions): ResolvedClient {
  const { serializers, compressors, accept, budget, allowNaN, routes, results = "rpc", ...rest } = options;
  const {
    declare = "active",
    defaultQueue = "celery",
    compression = null,
    validate = true,
    taskSentEvents = false,
    chords = null,
  } = rest;
  const { keepResults, interceptors = [], queues = [], errorClasses = {}, logger = silent } = rest;
  check(
    "results",
    results,
    ["rpc", "amqp", false].includes(results as string) || isObject(results),
    '"rpc", "amqp", false or a result backend',
  );
  check("chords", chords, chords === null || chords === "rabbitmq", '"rabbitmq", or left out');
  check("declare", declare, ["active", "passive", "off"].includes(declare), '"active", "passive" or "off"');
  check("defaultQueue", defaultQueue, isText(defaultQueue), "a queue's name");
  const content = contentOf({ serializers, compressors, accept, budget, allowNaN });
  const { serializer = content.defaultSerializer } = rest;
  check("serializer", serializer, isText(serializer), "a serializer's name");
  check("compression", compression, compression === null || isText(compression), "a compression's name, or null");
  check("validate", validate, typeof validate === "boolean", "true or false");
  check("taskSentEvents", taskSentEvents, typeof taskSentEvents === "boolean", "true or false");
  check("interceptors", interceptors, Array.isArray(interceptors), "a list");
  check("errorClasses", errorClasses, isObject(errorClasses), "an object of classes");
  return {
    content,
    results,
    chords,
    keepResults: { maxResults: 10_000, maxBytes: 64_000_000, ...keepResults },
    errorClasses,
    router: createRouter(routes),
    defaultQueue,
    queues: resolveQueues(queues),
    declare,
    defaults: { serializer, compression },
    validate,
    taskSentEvents,
    interceptors,
    logger: guardedLogger(logger),
  };
}

function contentOf(options: ContentOptions): Content {
  try {
    return createContent(options);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CeleryError("option-invalid", error.message, { cause: error });
  }
}

function check(option: string, value: unknown, passes: boolean, wanted: string): void {
  if (!passes) throw new CeleryError("option-invalid", `${option} is ${showValue(value)}: it must be ${wanted}`);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
