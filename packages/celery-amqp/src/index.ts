import { hostname } from "node:os";
import { clientNodeName } from "@leveret/celery-protocol/routing";
import { props, text } from "@leveret/options";
import { createAmqpTransport } from "./amqp/transport.ts";
import { assembleClient, type Client } from "./client/client.ts";
import { type CreateClientOptions, resolveClient } from "./client/options.ts";
import { fleetShapes } from "./fleet/options.ts";
import type { AmqpOptions } from "./ports/connection.ts";
import { guardedLogger, type Logger } from "./ports/logger.ts";
import { checkOptions } from "./ports/options.ts";
import type { Transport } from "./ports/transport.ts";
import { brokerUrl } from "./system/broker-url.ts";
import { systemClock, systemIds } from "./system/clock.ts";

/**
 * A client. It connects at the first use, or by `connect`.
 *
 * @example
 * ```ts
 * const client = createClient({ broker: "amqp://localhost" });
 * const sum = await client.call(add, 2, 3);
 * await client.close();
 * ```
 * @throws CeleryError `option-invalid` for an invalid or unknown option
 */
export function createClient(options: CreateClientOptions = {}): Client {
  const resolved = resolveClient(options);
  const { transport, clock = systemClock, ids = systemIds } = options;
  const connect = (): Transport => createAmqpTransport(addressOf(options), { clock, ids, logger: resolved.logger });
  return assembleClient({
    transport: transport ?? connect(),
    clock,
    ids,
    origin: clientNodeName(process.pid, hostname()),
    pid: process.pid,
    // The time of a test stands still while workers are asked.
    asksWorkers: options.clock === undefined && options.transport === undefined && resolved.results !== false,
    options: resolved,
  });
}

function addressOf({ broker, name, amqp }: Pick<CreateClientOptions, "broker" | "name" | "amqp">): AmqpOptions {
  return { ...amqp, ...(name !== undefined && { connectionName: name }), url: brokerUrl(broker) };
}

/** How a transport to RabbitMQ is made. All of it has a default. */
export interface CreateTransportOptions extends Pick<CreateClientOptions, "broker" | "name" | "amqp"> {
  /** Where its log lines go. Default nowhere. */
  readonly logger?: Logger;
}

const transportOptionsShape = props<CreateTransportOptions>({
  broker: fleetShapes.broker,
  name: text(),
  amqp: fleetShapes.amqp,
  logger: fleetShapes.logger,
});

/**
 * A transport to RabbitMQ, for programs that inspect queues or move messages themselves. It does nothing before
 * `connect`.
 *
 * @throws CeleryError `option-invalid`
 */
export function createTransport(options: CreateTransportOptions = {}): Transport {
  checkOptions(transportOptionsShape, options, "the transport");
  const { logger } = options;
  return createAmqpTransport(addressOf(options), logger === undefined ? {} : { logger: guardedLogger(logger) });
}

// Tasks.
export type { TaskContext } from "./task/context.ts";
export type { RetryCallOptions } from "./task/retry-call.ts";
export { lookedAmong, tasksAmong } from "./task/exported.ts";
export { chain, chord, chunks, group, map, signatureFrom, starmap } from "./task/canvas.ts";
export type { GroupSignature } from "./task/canvas-shape.ts";
export type * as canvasTypes from "./task/canvas-shape.ts";
export type * as definitionTypes from "./task/definition-shape.ts";
export { currentTask } from "./task/current-task.ts";
export { type DeclaredTask, defineTask, type Signed, type Task } from "./task/definition.ts";
export type { ArgsHandler, Handler, InputHandler } from "./task/definition-shape.ts";
export { type Duration, durationMs } from "./ports/duration.ts";
export type { TaskRequest } from "./task/request.ts";
export type { RateLimit, RetryOptions, TaskOptions } from "./task/options.ts";
export type { AnyHandler, OpenTask, TaskDefinition, TypedTask } from "./task/task.ts";

// Remote control.
export type { CustomReplies, Replies } from "./control/ask.ts";
export type { Control, RemoteQueueOptions, RemoteRevokeOptions } from "./control/control.ts";
export type { ControlOptions } from "./control/control-options.ts";
export type { Inspect } from "./control/inspect.ts";

// Calls and results.
export type { Client, CloseOptions } from "./client/client.ts";
export type { CreateClientOptions } from "./client/options.ts";
export type { FleetOptions } from "./fleet/options.ts";
export { readResults, type ResultsOption } from "./fleet/results.ts";
export type { TaskDefaults } from "./task/defaults.ts";
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
export { checkCallOptions } from "./task/call-shape.ts";
export type { CallOptions, LinkedCall, WrittenOptions, WrittenTime } from "./task/call-options.ts";
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
export type { EventOf, EventWith, EventStream, EventStreamOptions } from "./events/stream.ts";
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

// Ports that can be replaced.
export type { AmqpOptions, BackoffOptions, QueueLimit } from "./ports/connection.ts";
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
  RejectOptions,
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
