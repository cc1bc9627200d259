import { hostname } from "node:os";
import { clientNodeName } from "@leveret/celery-protocol/routing";
import type { AmqpOptions } from "./amqp/options.ts";
import { createAmqpTransport } from "./amqp/transport.ts";
import { assembleClient, type Client } from "./client/client.ts";
import { type ClientOptions, clientOptionNames, resolveClient } from "./client/options.ts";
import type { Clock, Ids } from "./ports/clock.ts";
import { CeleryError } from "./ports/errors.ts";
import { guardedLogger, type Logger } from "./ports/logger.ts";
import type { Transport } from "./ports/transport.ts";
import { brokerUrl } from "./system/broker-url.ts";
import { systemClock, systemIds } from "./system/clock.ts";

/** What a client may be told. All of it has a default. */
export interface CreateClientOptions extends ClientOptions {
  /**
   * `amqp://user:password@host:5672/vhost`, `amqps://…` for TLS; several, as a list or with `;` between, are tried in turn.
   * Default: the environment variable `CELERY_BROKER_URL`, else `amqp://guest:guest@localhost:5672//`.
   */
  readonly broker?: string | readonly string[] | undefined;
  /** What the broker's management shows of the connections. Default `leveret`. */
  readonly name?: string;
  /** Times, limits and TLS of the connections. */
  readonly amqp?: Omit<AmqpOptions, "url" | "connectionName">;
  /** Another way to a broker, in place of `broker`: the one in memory, for tests. The client closes it. */
  readonly transport?: Transport;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: uuid4 from the machine. */
  readonly ids?: Ids;
}

const ownOptionNames = ["broker", "name", "amqp", "transport", "clock", "ids"] satisfies (keyof CreateClientOptions)[];
const optionNames: ReadonlySet<string> = new Set([...clientOptionNames, ...ownOptionNames]);

/**
 * A client. It connects at the first use, or by `connect`.
 *
 * @example
 * ```ts
 * const client = createClient({ broker: "amqp://localhost" });
 * const sum = await client.call(add, 2, 3);
 * await client.close();
 * ```
 * @throws CeleryError `option-invalid` for an option that makes no sense or that nobody knows
 */
export function createClient(options: CreateClientOptions = {}): Client {
  const alien = Object.keys(options).find((name) => !optionNames.has(name));
  if (alien !== undefined) {
    throw new CeleryError("option-invalid", `A client has no option "${alien}"; it has ${[...optionNames].join(", ")}`);
  }
  const { broker, name, amqp, transport, clock = systemClock, ids = systemIds, ...rest } = options;
  const resolved = resolveClient(rest);
  const connectionName = name === undefined ? {} : { connectionName: name };
  const connect = (): Transport =>
    createAmqpTransport(
      { ...amqp, ...connectionName, url: brokerUrl(broker) },
      { clock, ids, logger: resolved.logger },
    );
  return assembleClient({
    transport: transport ?? connect(),
    clock,
    ids,
    origin: clientNodeName(process.pid, hostname()),
    pid: process.pid,
    options: resolved,
  });
}

/** How a transport to RabbitMQ is made. All of it has a default. */
export interface CreateTransportOptions extends Pick<CreateClientOptions, "broker" | "name" | "amqp"> {
  /** Where its log lines go. Default nowhere. */
  readonly logger?: Logger;
}

/**
 * A transport to RabbitMQ, for programs that look at queues or move messages themselves. It does nothing before `connect`.
 *
 * @throws CeleryError `option-invalid`
 */
export function createTransport(options: CreateTransportOptions = {}): Transport {
  const { broker, name, amqp, logger } = options;
  const connectionName = name === undefined ? {} : { connectionName: name };
  return createAmqpTransport(
    { ...amqp, ...connectionName, url: brokerUrl(broker) },
    logger === undefined ? {} : { logger: guardedLogger(logger) },
  );
}

// Tasks.
export type { TaskContext } from "./task/context.ts";
export type { RetryCallOptions } from "./task/retry-call.ts";
export { lookedAmong, tasksAmong } from "./task/exported.ts";
export { chain, chord, chunks, group, map, signatureFrom, starmap } from "./task/canvas.ts";
export type {
  Calls,
  Fits,
  GroupSignature,
  LastResult,
  MissingOfAll,
  MissingOfFirst,
  ResultOf,
  Results,
} from "./task/canvas-shape.ts";
export { currentTask } from "./task/current-task.ts";
export { type DeclaredTask, defineTask, type Task } from "./task/definition.ts";
export type { Handler } from "./task/definition-shape.ts";
export { type Duration, durationMs } from "./task/duration.ts";
export type { TaskRequest } from "./task/request.ts";
export type { RateLimit, RetryOptions, TaskOptions } from "./task/options.ts";
export type { AnyHandler, TaskDefinition, TypedTask } from "./task/task.ts";

// Remote control.
export type { CustomReplies, Replies } from "./control/ask.ts";
export type { Control, RemoteQueueOptions, RemoteRevokeOptions } from "./control/control.ts";
export type { ControlOptions } from "./control/control-options.ts";
export type { Inspect } from "./control/inspect.ts";

// Calls and results.
export type { BoundTask, BoundTasks } from "./client/bind.ts";
export type { Client } from "./client/client.ts";
export type { ClientOptions } from "./client/options.ts";
export type { PreparedMessage, RelayOutcome } from "./client/outbox.ts";
export type { ManyOptions } from "./client/send-many.ts";
export type { TaskQueue } from "./send/queue-table.ts";
export type { DeclarePolicy, QueueOptions } from "./send/queues.ts";
export type { Route, RoutePattern, Routes } from "./send/routes.ts";
export {
  type ShardBy,
  type ShardedCall,
  type ShardedQueue,
  shardedQueue,
  type ShardedQueueOptions,
} from "./send/sharded-queue.ts";
export { isGroupResult } from "./results/group-result.ts";
export type { CallOptions, LinkedCall } from "./task/call-options.ts";
export type {
  AsyncResult,
  GroupResult,
  MemberEnd,
  NamedCall,
  RevokeTaskOptions,
  Settled,
  TaskSender,
  TaskState,
  WaitOptions,
} from "./task/sender.ts";
export type { AnySignature, Composed, Errback, Signature } from "./task/signature.ts";
export type { Stamping, StampingVisitor, Stamps } from "@leveret/celery-protocol/canvas";

// Events.
export type { EventFilters } from "./events/filter.ts";
export type { EventOf, EventStream, EventStreamOptions } from "./events/stream.ts";
export {
  ClusterState,
  type ClusterStateOptions,
  type CeleryEvent,
  type EventType,
  type MonitoredTask,
  type MonitoredWorker,
  type TaskSelection,
} from "@leveret/celery-protocol/events";

// Errors.
export {
  CeleryError,
  type CeleryErrorCode,
  type PublishOutcome,
  PublishTimeoutError,
  SendManyError,
  UnroutableError,
} from "./ports/errors.ts";
export { ResultTimeoutError, TaskFailedError, type TaskFailure, TaskRevokedError } from "./task/errors.ts";

// Values that JavaScript has no class for.
export { Decimal, LocalDate, LocalTime, Uuid } from "@leveret/celery-protocol";

// What can be put in place of ours.
export type { AmqpOptions, BackoffOptions, QueueLimit } from "./amqp/options.ts";
export type { Clock, Ids } from "./ports/clock.ts";
export type { Interceptor, SendTarget } from "./ports/interceptor.ts";
export { guardedLogger, type LogFields, type Logger } from "./ports/logger.ts";
export type {
  BrowseOptions,
  CancelOptions,
  ConnectOptions,
  DeclareMode,
  Delivery,
  OwnQueue,
  Publisher,
  PublishOptions,
  QueueInfo,
  SubscribeOptions,
  Subscription,
  Transport,
  TransportState,
} from "./ports/transport.ts";
export type { ChordCounter } from "./results/chords.ts";
export type { ChordProgress } from "@leveret/celery-protocol/canvas";
export type { GroupStore } from "./results/groups.ts";
export type { ResultBackend, ResultSource, ResultStore, ResultWatcher } from "./results/backend.ts";
export type { PendingLimits } from "./results/pending.ts";
export type { ErrorClasses } from "./results/task-error.ts";
export type { PoolKind, RetryPolicy, TaskPolicy } from "./task/policy.ts";
