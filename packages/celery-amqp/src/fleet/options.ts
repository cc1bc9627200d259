import { type Content, type ContentOptions, createContent, ProtocolError } from "@leveret/celery-protocol";
import {
  flag,
  functions,
  integer,
  isObject,
  list,
  methods,
  oneOf,
  props,
  record,
  shape,
  type Shapes,
  text,
} from "@leveret/options";
import { type Clock, clockShape, type Ids, idsShape } from "../ports/clock.ts";
import { type AmqpOptions, amqpShapes, brokerShape } from "../ports/connection.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Interceptor } from "../ports/interceptor.ts";
import { type Logger, loggerShape } from "../ports/logger.ts";
import { type Transport, transportShape } from "../ports/transport.ts";
import type { ErrorClasses } from "../results/task-error.ts";
import { type QueueTable, resolveQueues, type TaskQueue, taskQueueShape } from "../send/queue-table.ts";
import { createRouter, type Router, type Routes, routesShape } from "../send/routes.ts";
import type { CallOptions } from "../task/call-options.ts";
import type { ResultsOption } from "./results.ts";
import { sendingDefaults, type TaskDefaults, taskDefaultsShape } from "../task/defaults.ts";

/**
 * Options that clients and workers of one fleet agree on. One object serves both:
 *
 * @example
 * ```ts
 * const fleet: FleetOptions = { routes: { "images.*": "images" }, taskDefaults: { timeLimit: "5m" } };
 * const client = createClient({ ...fleet });
 * const worker = createWorker({ ...fleet, tasks });
 * ```
 */
export interface FleetOptions extends ContentOptions {
  /**
   * `amqp://user:password@host:5672/vhost`, `amqps://…` for TLS; several, as a list or with `;` between, are tried in turn.
   * Default: the environment variable `CELERY_BROKER_URL`, else `amqp://guest:guest@localhost:5672//`.
   */
  readonly broker?: string | readonly string[] | undefined;
  /** Times, limits and TLS of the connections. */
  readonly amqp?: Omit<AmqpOptions, "url" | "connectionName">;
  /**
   * Where results are kept, as Celery's `result_backend`: `rpc` (Celery's reply queues, one a client), `amqp` (one queue a
   * task, as gocelery and celery-node), false for none, or `redis://host:6379/0`, for which `@leveret/celery-redis` is
   * installed. Default: the environment variable `CELERY_RESULT_BACKEND`, else `rpc`.
   */
  readonly results?: ResultsOption;
  /**
   * The counter of chords' parts. Default: the results, where they can (Redis); with `rpc` and `amqp` chords are refused,
   * as by Celery. `rabbitmq` counts them on the broker alone, and Python workers cannot serve a header then.
   */
  readonly chords?: "rabbitmq";
  /** Queues and options of tasks by their names, Celery's `task_routes`. Options of the call or the task are stronger. */
  readonly routes?: Routes;
  /** Queue of all tasks that name none. Default `celery`. */
  readonly defaultQueue?: string;
  /** Queues that are declared otherwise than Celery's default (durable, no arguments), or sharded. A worker serves them. */
  readonly queues?: readonly TaskQueue[];
  /** Options of all tasks; those of a task, a route or a call are stronger. */
  readonly taskDefaults?: TaskDefaults;
  /** Classes for the exceptions of tasks, by type or by module and type: the `cause` of a `TaskFailedError`. */
  readonly errorClasses?: ErrorClasses;
  /** Behaviour around sending and running; the first is the outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Receives log lines. Default: none for a client, lines on stderr for a worker. */
  readonly logger?: Logger;
  /** A transport instead of `broker`: the one in memory, for tests. Its client or worker closes it. */
  readonly transport?: Transport;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: uuid4 from the machine. */
  readonly ids?: Ids;
}

/** The options of a fleet, complete and checked, as far as client and worker use them alike. */
export interface ResolvedFleet {
  readonly content: Content;
  readonly accept: readonly string[];
  /** Null: the results do, where they can. */
  readonly chords: "rabbitmq" | null;
  readonly router: Router;
  readonly defaultQueue: string;
  readonly queues: QueueTable;
  /** Options of calls that neither the call, nor its task, nor a route has. */
  readonly defaults: CallOptions & { readonly serializer: string };
  readonly errorClasses: ErrorClasses;
  readonly interceptors: readonly Interceptor[];
}

const serializer = shape(
  "a serializer with name, contentType, encode and decode",
  (value) =>
    isObject(value) && text()(value["name"]).length === 0 && methods("", "encode", "decode")(value).length === 0,
);

/** The shape of an interceptor. */
const interceptor = shape(
  "an interceptor with send, run, or both",
  (value) =>
    isObject(value) && [value["send"], value["run"]].every((side) => side === undefined || typeof side === "function"),
);

const limit = integer(0);

/** The shape of each option of a fleet but `results`. */
export const fleetShapes: Shapes<Omit<FleetOptions, "results">> = {
  broker: brokerShape,
  amqp: props<Omit<AmqpOptions, "url" | "connectionName">>(amqpShapes),
  chords: oneOf("rabbitmq"),
  routes: routesShape,
  defaultQueue: text("a queue's name"),
  queues: list(taskQueueShape),
  taskDefaults: taskDefaultsShape,
  errorClasses: record(functions),
  interceptors: list(interceptor),
  logger: loggerShape,
  transport: transportShape,
  clock: clockShape,
  ids: idsShape,
  serializers: list(serializer),
  compressors: list(methods("a compressor", "compress", "decompress")),
  accept: list(text()),
  budget: props<NonNullable<FleetOptions["budget"]>>({
    bodyBytes: limit,
    values: limit,
    signatures: limit,
    messages: limit,
    messageBytes: limit,
    queues: limit,
  }),
  allowNaN: flag,
};

/**
 * Completes options that have their shapes.
 *
 * @throws CeleryError `option-invalid`
 */
export function resolveFleet(options: Omit<FleetOptions, "results">): ResolvedFleet {
  const { chords = null, routes, defaultQueue = "celery", queues = [], taskDefaults = {} } = options;
  const { errorClasses = {}, interceptors = [] } = options;
  const content = contentOf(options);
  return {
    content,
    accept: options.accept ?? ["json"],
    chords,
    router: createRouter(routes),
    defaultQueue,
    queues: resolveQueues(queues),
    defaults: { serializer: content.defaultSerializer, ...sendingDefaults(taskDefaults) },
    errorClasses,
    interceptors,
  };
}

function contentOf({ serializers, compressors, accept, budget, allowNaN }: ContentOptions): Content {
  try {
    return createContent({ serializers, compressors, accept, budget, allowNaN });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CeleryError("option-invalid", error.message, { cause: error });
  }
}
