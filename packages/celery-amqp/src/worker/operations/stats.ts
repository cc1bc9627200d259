import type { WorkerStats } from "@leveret/celery-protocol/control";
import type { BrokerFacts } from "../../ports/broker-facts.ts";
import type { ResolvedPool } from "../options/pool.ts";

/** What a worker's numbers are made of. */
export interface StatsParts {
  /** Runs begun, by name of the task. */
  readonly started: ReadonlyMap<string, number>;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly pools: readonly ResolvedPool[];
  /** Slots of all queues. */
  readonly concurrency: number;
  /** Ids of the processes that tasks run in. */
  readonly processes: readonly number[];
  readonly broker: BrokerFacts | null;
  /** Prefetch of all queues together. */
  readonly prefetchCount: number;
  readonly rusage: WorkerStats["rusage"];
}

/**
 * A worker's numbers in the shape that Celery's tools and Flower compute with.
 * Source: celery/worker/worker.py `stats`, celery/concurrency/base.py; recorded replies.
 */
export function statsOf(parts: StatsParts): Omit<WorkerStats, "clock"> {
  const { started, pid, uptimeSeconds, broker, prefetchCount, rusage } = parts;
  return {
    total: Object.fromEntries(started),
    pid,
    uptime: Math.floor(uptimeSeconds),
    pool: poolOf(parts),
    broker: brokerOf(broker),
    prefetch_count: prefetchCount,
    rusage,
  };
}

function poolOf({ pools, concurrency, processes, pid }: StatsParts): WorkerStats["pool"] {
  const most = pools.flatMap((pool) => (pool.kind === "inline" || pool.maxTasks === null ? [] : [pool.maxTasks]));
  return {
    implementation: `leveret:${pools.map(({ kind }) => kind).join("+")}`,
    "max-concurrency": concurrency,
    processes: processes.length === 0 ? [pid] : processes,
    "max-tasks-per-child": most.length === 0 ? "N/A" : Math.min(...most),
    "put-guardedLogger-by-semaphore": false,
    timeouts: [0, 0],
  };
}

/** Flower shows nothing of a worker without it. */
function brokerOf(broker: BrokerFacts | null): WorkerStats["broker"] {
  if (broker === null) return { hostname: null, port: null, transport: "memory" };
  return {
    hostname: broker.hostname,
    userid: "********",
    virtual_host: broker.virtualHost,
    port: broker.port,
    insist: false,
    ssl: broker.ssl,
    transport: "amqp",
    connect_timeout: broker.connectTimeout,
    transport_options: {},
    login_method: "PLAIN",
    uri_prefix: null,
    heartbeat: broker.heartbeat,
    failover_strategy: "round-robin",
    alternates: broker.alternates,
    credential_provider: null,
  };
}
