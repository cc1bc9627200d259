import { hostname } from "node:os";
import { durationMs } from "./ports/duration.ts";
import { brokerFacts } from "./amqp/broker-facts.ts";
import { createAmqpTransport } from "./amqp/transport.ts";
import type { Clock } from "./ports/clock.ts";
import type { HealthHost } from "./ports/health.ts";
import type { Logger } from "./ports/logger.ts";
import type { Transport } from "./ports/transport.ts";
import { brokerUrl } from "./system/broker-url.ts";
import { systemClock, systemIds } from "./system/clock.ts";
import { healthPort } from "./system/health-port.ts";
import { serveProbes } from "./system/health-server.ts";
import { removeHeartbeat, writeHeartbeat } from "./system/heartbeat-file.ts";
import { stateFiles } from "./system/state-file.ts";
import { assembleWorker } from "./worker/assemble.ts";
import type { HealthOptions } from "./worker/options/health.ts";
import { createLineLogger, leveled } from "./worker/reporting/log-lines.ts";
import {
  type CreateWorkerOptions,
  type ResolvedWorker,
  resolveNodeName,
  resolveWorker,
} from "./worker/options/worker.ts";
import { runUntilSignal } from "./worker/run.ts";
import type { Worker } from "./worker/worker.ts";

const healthHost: HealthHost = { serve: serveProbes, write: writeHeartbeat, remove: removeHeartbeat };

/**
 * A worker that runs tasks once it is started. It never touches the process around it: `runWorker` does.
 *
 * @example
 * ```ts
 * const worker = createWorker({ tasks: [add], queues: ["celery"], concurrency: 8 });
 * await worker.start();
 * ```
 * @throws CeleryError `option-invalid` for an invalid or unknown option, `task-duplicate`
 */
export function createWorker(options: CreateWorkerOptions): Worker {
  const resolved = resolveWorker(options);
  const { broker, amqp, transport, clock = systemClock, ids = systemIds } = options;
  const log = createLog(resolved, clock);
  const nodeName = resolveNodeName(resolved.name, hostname());
  const amqpOptions = { ...amqp, connectionName: nodeName, url: brokerUrl(broker) };
  const connect = (): Transport => createAmqpTransport(amqpOptions, { clock, ids, logger: log });
  const facts = transport === undefined ? brokerFacts(amqpOptions) : null;
  return assembleWorker({
    options: resolved,
    transport: transport ?? connect(),
    clock,
    ids,
    log,
    nodeName,
    pid: process.pid,
    ...(facts !== null && { broker: facts }),
    health: { options: resolved.health, host: healthHost },
    watch: { heartbeatMs: transport === undefined ? durationMs(amqp?.heartbeat ?? "15s", "amqp.heartbeat") : null },
    ...(resolved.stateFile !== null && { saved: { file: resolved.stateFile, host: stateFiles } }),
  });
}

/**
 * Runs a worker as this process's purpose: starts it, stops it by signals, sets the exit code. The first SIGTERM, SIGINT or
 * SIGHUP stops warm, also while it starts: running tasks have their grace. A second one, or SIGQUIT, stops cold: they are
 * aborted at once. SIGUSR2 does nothing; a stdout or stderr whose reader is gone does not end the worker. Where
 * `CELERY_HEALTH_PORT` is set, and the options name no other port, it serves `/healthz` and `/readyz` there. Resolves
 * when the worker has stopped; what must be closed after it goes below.
 *
 * | exit code | |
 * | --- | --- |
 * | 0 | stopped warm; tasks that did not end within the grace are back in their queues |
 * | 1 | it did not start: the reason is on stderr in one line |
 * | 129, 130, 143 | stopped cold by a second SIGHUP, SIGINT or SIGTERM; what ran is back in its queue |
 * | 131 | stopped cold by SIGQUIT |
 *
 * @param what - the options of `createWorker`, or a worker made by it, where tasks get their handlers by `implement`; or a
 * function that resolves with either, for a program that loads its tasks: signals are listened to while it does
 */
export async function runWorker(
  what: CreateWorkerOptions | Worker | (() => Promise<CreateWorkerOptions | Worker>),
): Promise<void> {
  await runUntilSignal({
    create: async () => {
      const made = typeof what === "function" ? await what() : what;
      return "implement" in made ? made : createWorker(made);
    },
    health: healthFromEnvironment,
    process,
    complain: toStderr,
  });
}

function healthFromEnvironment(): HealthOptions {
  const port = healthPort();
  return port === undefined ? {} : { port };
}

function createLog({ logger, logLevel: level, logFormat: format }: ResolvedWorker, clock: Clock): Logger {
  if (logger !== null) return leveled(logger, level);
  return createLineLogger({ level, format, now: () => clock.now(), write: toStderr });
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

// Workers and their events.
export type { HealthFacts, HealthReport } from "./worker/health/report.ts";
export type { HealthOptions, HealthPage } from "./worker/options/health.ts";
export type { EventsOption } from "./worker/options/events.ts";
export type { WorkerState } from "./worker/rules/lifecycle.ts";
export type { LogFormat, LogLevel } from "./worker/reporting/log-lines.ts";
export type { WorkerEvent, WorkerEvents } from "./worker/reporting/observers.ts";
export type { ChildPoolOptions, PoolOption } from "./worker/options/pool.ts";
export type { CreateWorkerOptions, DeadLetterOptions } from "./worker/options/worker.ts";
export {
  ConnectionLost,
  SoftTimeLimitExceeded,
  TaskRevoked,
  TimeLimitExceeded,
  WorkerStopping,
} from "./task/stop-reasons.ts";
export type {
  ConsumedQueue,
  Controls,
  RevokedHere,
  RevokeOptions,
  RevokeSelection,
  TimeLimitOptions,
} from "./worker/control/controls.ts";
export type { RemoteControlOptions } from "./worker/control/allowance.ts";
export type { CommandedWorker, WorkerCommand, WorkerCommands } from "./worker/control/panel.ts";
export type { StampSelection, StampValue } from "./worker/rules/revocations.ts";
export type { TaskQueue } from "./send/queue-table.ts";
export type { QueueOptions } from "./send/queues.ts";
export type { ShardedQueue } from "./send/sharded-queue.ts";
export type { AboutTask, DeadLetterReason, TaskEvent } from "./worker/rules/event.ts";
export type { Failure } from "./worker/rules/failure.ts";
export type { StartOptions, StopOptions, Worker } from "./worker/worker.ts";

// Types of the first entry that the options and the events of a worker are made of.
export type { AmqpOptions } from "./ports/connection.ts";
export type { Clock, Ids } from "./ports/clock.ts";
export type { Interceptor } from "./ports/interceptor.ts";
export type { Logger } from "./ports/logger.ts";
export type { Transport, TransportState } from "./ports/transport.ts";
export type { ResultStore } from "./results/backend.ts";
export type { ErrorClasses } from "./results/task-error.ts";
export type { DeclarePolicy } from "./send/queues.ts";
export type { Routes } from "./send/routes.ts";
export type { ShardedQueueOptions } from "./send/sharded-queue.ts";
export type { Duration } from "./ports/duration.ts";
export type { RateLimit } from "./task/options.ts";
export type { AnyHandler, OpenTask, TaskDefinition } from "./task/task.ts";
