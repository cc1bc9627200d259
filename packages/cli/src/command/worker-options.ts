import type { Duration, TaskDefinition } from "@leveret/celery-amqp";
import type { CreateWorkerOptions, LogFormat, LogLevel, PoolOption, WorkerCommands } from "@leveret/celery-amqp/worker";
import type { CommonOptions } from "../reading/broker.ts";
import { UsageError } from "../terminal/terminal.ts";

/** The parsed flags of `leveret worker`. */
export interface WorkerFlags extends CommonOptions {
  readonly queues?: readonly string[];
  readonly concurrency?: number;
  readonly hostname?: string;
  readonly loglevel?: LogLevel;
  readonly pool?: "inline" | "threads" | "processes" | "solo";
  readonly timeLimit?: Duration;
  readonly softTimeLimit?: Duration;
  readonly maxTasksPerChild?: number;
  /** Kilobytes, as in Celery. */
  readonly maxMemoryPerChild?: number;
  readonly taskEvents?: boolean;
  readonly statedb?: string;
  readonly grace?: Duration;
  readonly logFormat?: LogFormat;
  readonly healthPort?: number;
  readonly healthHost?: string;
  readonly allowControl?: readonly string[];
  readonly denyControl?: readonly string[];
  readonly chords?: "rabbitmq";
}

/** The tasks of a worker, and the module that children load them from. */
export interface WorkerModule {
  readonly url: string;
  readonly tasks: readonly TaskDefinition[];
  /** Commands of remote control that it exports as `commands`; the worker checks them. */
  readonly commands?: WorkerCommands | undefined;
}

/** Separates tasks with handlers from those that are only declared, such as Python's. */
export function withHandlers(tasks: readonly TaskDefinition[]): {
  readonly runnable: readonly TaskDefinition[];
  readonly missing: readonly TaskDefinition[];
} {
  const runnable = tasks.filter(({ run }) => run !== null);
  if (runnable.length === 0) throw new UsageError("None of the tasks has a handler. Export tasks with handlers.");
  return { runnable, missing: tasks.filter(({ run }) => run === null) };
}

/**
 * The options of `createWorker` for the flags.
 *
 * @throws UsageError for flags that exclude each other
 */
export function workerOptions(flags: WorkerFlags, { url, tasks, commands }: WorkerModule): CreateWorkerOptions {
  const { broker, queues, hostname, loglevel, taskEvents, statedb, grace, logFormat, chords } = flags;
  const { healthPort, healthHost } = flags;
  const concurrency = flags.pool === "solo" ? solo(flags) : flags.concurrency;
  return {
    tasks,
    pool: poolOption(flags, url),
    ...(broker !== undefined && { broker }),
    ...(queues !== undefined && { queues }),
    ...(concurrency !== undefined && { concurrency }),
    ...(hostname !== undefined && { name: hostname }),
    ...(loglevel !== undefined && { logLevel: loglevel }),
    ...(taskEvents === true && { events: true }),
    ...(statedb !== undefined && { stateFile: statedb }),
    ...(grace !== undefined && { grace }),
    ...(logFormat !== undefined && { logFormat }),
    ...(healthPort !== undefined && {
      health: { port: healthPort, ...(healthHost !== undefined && { host: healthHost }) },
    }),
    ...remoteControlOption(flags),
    ...(commands !== undefined && { commands }),
    ...(chords !== undefined && { chords }),
    ...limits(flags),
  };
}

function remoteControlOption({ allowControl, denyControl }: WorkerFlags): Pick<CreateWorkerOptions, "remoteControl"> {
  if (allowControl !== undefined && denyControl !== undefined)
    throw new UsageError("--allow-control and --deny-control exclude each other. Give one of them.");
  if (allowControl !== undefined) return { remoteControl: { allow: allowControl } };
  return denyControl === undefined ? {} : { remoteControl: { deny: denyControl } };
}

/** Celery's `solo` runs one task at a time. */
function solo({ concurrency = 1 }: WorkerFlags): number {
  if (concurrency === 1) return concurrency;
  throw new UsageError(`--pool solo runs one task at a time: -c is ${concurrency}. Use --pool inline.`);
}

function poolOption({ pool = "inline", maxTasksPerChild, maxMemoryPerChild }: WorkerFlags, module: string): PoolOption {
  if (pool === "threads" || pool === "processes") {
    return {
      kind: pool,
      module: new URL(module),
      ...(maxTasksPerChild !== undefined && { maxTasksPerChild }),
      ...(maxMemoryPerChild !== undefined && { maxMemoryPerChild: `${maxMemoryPerChild}KiB` }),
    };
  }
  const flag = maxTasksPerChild === undefined ? "--max-memory-per-child" : "--max-tasks-per-child";
  if (maxTasksPerChild === undefined && maxMemoryPerChild === undefined) return "inline";
  throw new UsageError(`${flag} needs child threads or processes. Give --pool threads or --pool processes.`);
}

/** A task's own limits take precedence, as in Celery. */
function limits({ timeLimit, softTimeLimit }: WorkerFlags): Pick<CreateWorkerOptions, "taskDefaults"> {
  if (timeLimit === undefined && softTimeLimit === undefined) return {};
  return {
    taskDefaults: {
      ...(timeLimit !== undefined && { timeLimit }),
      ...(softTimeLimit !== undefined && { softTimeLimit }),
    },
  };
}
