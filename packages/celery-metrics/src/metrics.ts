import type { Client, Interceptor, TransportState } from "@leveret/celery-amqp";
import type { HealthPage, Worker } from "@leveret/celery-amqp/worker";
import { Registry } from "prom-client";
import { createInstruments } from "./instruments.ts";
import { createPublishInterceptor } from "./publishing.ts";
import { registerReadings } from "./readings.ts";
import { watchTasks } from "./running.ts";

/** Where metrics go and what they are called. */
export interface MetricsOptions {
  /** Default: a registry of its own. prom-client's `register` puts them beside the process's others. */
  readonly registry?: Registry;
  /** What all names begin with. Default `celery_`. */
  readonly prefix?: string;
  /** Bounds of the buckets of `task_runtime_seconds`, in seconds. Default 5 ms to 10 minutes. */
  readonly runtimeBuckets?: readonly number[];
  /** The same for the waits and for publishing. Default 5 ms to 10 minutes. */
  readonly waitBuckets?: readonly number[];
  /** Epoch milliseconds. Default: the machine's. */
  readonly now?: () => number;
}

/** Who can be observed. */
export type Observed = Worker | Client;

/** Prometheus metrics of the workers and clients of one process. */
export interface Metrics {
  /** Where they are: for a server or a push of your own. */
  readonly registry: Registry;
  /**
   * For `interceptors` of clients and workers: counts what is published and stamps it with the time, by which workers know
   * how long it waited.
   */
  readonly interceptor: Interceptor;
  /** For `health.pages` of a worker: `/metrics`. */
  readonly pages: Readonly<Record<string, HealthPage>>;
  /**
   * Counts what a worker does, and reads a worker or a client at each scrape. The returned function stops that.
   *
   * @param peer - what a client is called in the label `peer`; a worker has its own name. Default `client`.
   */
  observe(observed: Observed, peer?: string): () => void;
}

const buckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];

/**
 * Metrics for Prometheus. Nothing is measured until it is observed or intercepted.
 *
 * @example
 * ```ts
 * const metrics = createMetrics();
 * const worker = createWorker({
 *   tasks: [add],
 *   interceptors: [metrics.interceptor],
 *   health: { port: 8080, pages: metrics.pages },
 * });
 * metrics.observe(worker);
 * ```
 * @throws Error of prom-client's where the registry has metrics of these names already
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { registry = new Registry(), prefix = "celery_", now = Date.now } = options;
  const { runtimeBuckets = buckets, waitBuckets = buckets } = options;
  const instruments = createInstruments(registry, { prefix, runtimeBuckets, waitBuckets });
  const workers = new Set<Worker>();
  const connections = new Map<object, { readonly peer: string; readonly state: () => TransportState }>();
  registerReadings(registry, prefix, { workers, connections });

  const watchConnection = (
    key: Observed,
    peer: string,
    state: () => TransportState,
  ): ((now: TransportState) => void) => {
    connections.set(key, { peer, state });
    instruments.reconnects.inc({ peer }, 0);
    const onReconnect = (): void => instruments.reconnects.inc({ peer });
    return countReconnects(onReconnect);
  };

  return {
    registry,
    interceptor: createPublishInterceptor(instruments, now),
    pages: { "/metrics": async () => ({ contentType: registry.contentType, body: await registry.metrics() }) },
    observe(observed, peer = "client") {
      const stops: (() => void)[] = [() => connections.delete(observed)];
      if (isWorker(observed)) {
        workers.add(observed);
        const onState = watchConnection(observed, observed.name, () => observed.health.transport);
        stops.push(
          watchTasks(observed, instruments, now),
          observed.on("connectionChanged", ({ state }) => onState(state)),
          () => workers.delete(observed),
        );
      } else stops.push(observed.onState(watchConnection(observed, peer, () => observed.state)));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

function isWorker(observed: Observed): observed is Worker {
  return "implement" in observed;
}

/** Hears the states of a connection, and tells when it is back after a loss. */
function countReconnects(onReconnect: () => void): (state: TransportState) => void {
  let wasOpen = false;
  let isLost = false;
  return (state) => {
    if (state === "connecting") isLost = wasOpen;
    if (state !== "open") return;
    if (isLost) onReconnect();
    isLost = false;
    wasOpen = true;
  };
}
