import type { CeleryEvent } from "../event/event.ts";

/** A worker as known from events; unknown fields are null. */
export interface MonitoredWorker {
  /** Node name. */
  readonly hostname: string;
  /** Process id. */
  readonly pid: number | null;
  /** Seconds between heartbeats; 60 where its events have none. */
  readonly freq: number;
  /** Time of its last event, epoch milliseconds; null after `worker-offline`. */
  readonly heardAtMs: number | null;
  /** Lamport clock of its last worker event. */
  readonly clock: number;
  /** Tasks running. */
  readonly active: number | null;
  /** Tasks started since its start. */
  readonly processed: number | null;
  /** Load of the host over 1, 5 and 15 minutes. */
  readonly loadavg: readonly number[] | null;
  /** Name of the worker program. */
  readonly swIdent: string | null;
  /** Version of the worker program. */
  readonly swVer: string | null;
  /** Operating system. */
  readonly swSys: string | null;
}

const fields = ["pid", "freq", "active", "processed", "loadavg", "swIdent", "swVer", "swSys"] as const;

/**
 * A worker counts as alive for this number of heartbeat intervals. Source: celery/events/state.py
 * `HEARTBEAT_EXPIRE_WINDOW`.
 */
const toleratedIntervals = 2;

/** A worker without events. */
export function unheardWorker(hostname: string): MonitoredWorker {
  return {
    hostname,
    pid: null,
    freq: 60,
    heardAtMs: null,
    clock: 0,
    active: null,
    processed: null,
    loadavg: null,
    swIdent: null,
    swVer: null,
    swSys: null,
  };
}

/** The worker after an event of the group `worker`, which came at `nowMs`. Source: celery/events/state.py `Worker.event`. */
export function nextWorker(worker: MonitoredWorker, event: CeleryEvent, nowMs: number): MonitoredWorker {
  const values = event as unknown as Readonly<Record<string, unknown>>;
  const told = fields.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]]));
  const heardAtMs = event.type === "worker-offline" ? null : later(worker.heardAtMs, nowMs);
  return { ...worker, ...Object.fromEntries(told), clock: event.clock, heardAtMs };
}

/** The worker after an event about one of its tasks: a sign of life at the event's time. */
export function workerAtWork(worker: MonitoredWorker, event: CeleryEvent): MonitoredWorker {
  return { ...worker, heardAtMs: later(worker.heardAtMs, event.timestamp * 1_000) };
}

/** Whether a worker counts as alive at `nowMs`. Source: celery/events/state.py `Worker.alive`. */
export function isAlive({ heardAtMs, freq }: MonitoredWorker, nowMs: number): boolean {
  return heardAtMs !== null && nowMs < heardAtMs + freq * toleratedIntervals * 1_000;
}

function later(known: number | null, heard: number): number {
  return known === null ? heard : Math.max(known, heard);
}
