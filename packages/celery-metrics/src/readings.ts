import type { TransportState } from "@leveret/celery-amqp";
import type { Worker } from "@leveret/celery-amqp/worker";
import type { Registry } from "prom-client";
import { readGauge, type Reading } from "./instruments.ts";

/** The workers and connections that are read at each scrape. */
export interface Readable {
  readonly workers: ReadonlySet<Worker>;
  /** Connections by the name of their owner. */
  readonly connections: ReadonlyMap<object, { readonly peer: string; readonly state: () => TransportState }>;
}

/** Registers the gauges. */
export function registerReadings(registry: Registry, prefix: string, { workers, connections }: Readable): void {
  const ofWorkers = (read: (worker: Worker) => readonly Reading[]) => (): readonly Reading[] =>
    [...workers].flatMap((worker) =>
      read(worker).map(([labels, value]): Reading => [{ worker: worker.name, ...labels }, value]),
    );
  const gauge = (
    name: string,
    help: string,
    labels: readonly string[],
    read: (worker: Worker) => readonly Reading[],
  ): void => readGauge(registry, prefix + name, help, ["worker", ...labels], ofWorkers(read));

  gauge("worker_ready", "1 while the worker runs, is connected and consumes all its queues.", [], ({ health }) => [
    [{}, Number(health.isReady)],
  ]);
  gauge("worker_tasks", "Tasks in the worker, by the label place.", ["place"], ({ health }) => [
    [{ place: "running" }, health.active],
    [{ place: "waiting" }, health.waiting],
    [{ place: "scheduled" }, health.scheduled],
    [{ place: "throttled" }, health.throttled],
  ]);
  gauge("worker_concurrency", "Tasks that the worker can run at once.", [], ({ health }) => [[{}, health.concurrency]]);
  gauge("worker_runaways", "Handlers that were abandoned and still run.", [], ({ runaways }) => [[{}, runaways]]);
  gauge("worker_dropped_events", "Events dropped since the start.", [], ({ droppedEvents }) => [[{}, droppedEvents]]);
  gauge("queue_consumed", "1 while the worker has all its consumers on the queue.", ["queue"], ({ health }) =>
    health.queues.map(({ name, isConsumed }): Reading => [{ queue: name }, Number(isConsumed)]),
  );
  readGauge(registry, `${prefix}connected`, "1 while the connections to the broker are open.", ["peer"], () =>
    [...connections.values()].map(({ peer, state }): Reading => [{ peer }, Number(isOpen(state()))]),
  );
}

function isOpen(state: TransportState): boolean {
  return state === "open" || state === "blocked";
}
