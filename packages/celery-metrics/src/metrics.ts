import type { Client, Interceptor, TransportState } from "@leveret/celery-amqp";
import type { HealthPage, Worker } from "@leveret/celery-amqp/worker";
import { functions, list, methods, number, props, refusalOf, string } from "@leveret/options";
import { Registry } from "prom-client";
import { createInstruments } from "./instruments.ts";
import { createPublishInterceptor } from "./publishing.ts";
import { registerReadings } from "./readings.ts";
import { watchTasks } from "./running.ts";

/** Registry, names and buckets of the metrics. */
export interface MetricsOptions {
  /** Default: a new registry. Pass prom-client's `register` to add them to the process's other metrics. */
  readonly registry?: Registry;
  /** Prefix of all names. Default `celery_`. */
  readonly prefix?: string;
  /** Bounds of the buckets of `task_runtime_seconds`, in seconds. Default 5 ms to 10 minutes. */
  readonly runtimeBuckets?: readonly number[];
  /** Bounds of the buckets of the wait and publish histograms, in seconds. Default 5 ms to 10 minutes. */
  readonly waitBuckets?: readonly number[];
  /** The current time in epoch milliseconds. Default: the system clock. */
  readonly now?: () => number;
}

/** A worker or client that can be observed. */
export type Observed = Worker | Client;

/** Prometheus metrics of the workers and clients of one process. */
export interface Metrics {
  /** The registry of the metrics: for an HTTP server or a push gateway. */
  readonly registry: Registry;
  /**
   * For `interceptors` of clients and workers: counts published tasks and adds the time of sending, from which workers
   * calculate the waiting time.
   */
  readonly interceptor: Interceptor;
  /** For `health.pages` of a worker: `/metrics`. */
  readonly pages: Readonly<Record<string, HealthPage>>;
  /**
   * Counts a worker's tasks, and reads a worker or a client at each scrape. The returned function stops both.
   *
   * @param peer - the client's value of the label `peer`; a worker's is its name. Default `client`.
   */
  observe(observed: Observed, peer?: string): () => void;
}

const bounds = list(number());

const metricsShape = props<MetricsOptions>({
  registry: methods("a registry of prom-client", "registerMetric", "metrics"),
  prefix: string,
  runtimeBuckets: bounds,
  waitBuckets: bounds,
  now: functions,
});

const buckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];

/**
 * Creates metrics for Prometheus. Only observed or intercepted workers and clients are measured.
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
 *
 * @throws TypeError for an invalid option; Error of prom-client's where the registry already has metrics of these names
 */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const message = refusalOf(metricsShape, options, "createMetrics");
  if (message !== null) throw new TypeError(message);
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

/** Counts the reconnects in the states of a connection. */
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
