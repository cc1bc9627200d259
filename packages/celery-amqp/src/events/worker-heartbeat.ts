import type { EventBody } from "@leveret/celery-protocol/events";
import type { Clock } from "../ports/clock.ts";
import type { EventDispatcher } from "./dispatcher.ts";

/** The numbers in a worker's heartbeat. */
export interface WorkerFacts {
  /** Tasks running now. */
  readonly active: number;
  /** Tasks started since the worker's start. */
  readonly processed: number;
  /** Load of the host over 1, 5 and 15 minutes. */
  readonly loadavg: readonly number[];
}

/** The version of the worker, as Celery's tools show it. */
export interface WorkerVersion {
  readonly swIdent: string;
  readonly swVer: string;
  readonly swSys: string;
}

/** The dependencies of a worker's heartbeat. */
export interface WorkerHeartbeatParts {
  readonly dispatcher: EventDispatcher;
  readonly clock: Clock;
  readonly version: WorkerVersion;
  readonly facts: () => WorkerFacts;
}

/** Celery's `--heartbeat-interval`, in milliseconds: monitors count a worker as offline after twice as long. */
const intervalMs = 2_000;

/** Sends `worker-online`, `worker-heartbeat` and `worker-offline`. Source: celery/worker/heartbeat.py. */
export class WorkerHeartbeat {
  readonly #parts: WorkerHeartbeatParts;
  #cancelTimer: () => void = () => {};

  constructor(parts: WorkerHeartbeatParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancelTimer = this.#parts.clock.setTimer(intervalMs, () => {
      this.#send("worker-heartbeat");
      this.start();
    });
  }

  /** Events can be sent now, at first or again. */
  online(): void {
    this.#send("worker-online");
  }

  /** Sends `worker-offline`. */
  stop(): void {
    this.#cancelTimer();
    this.#send("worker-offline");
  }

  #send(type: "worker-online" | "worker-heartbeat" | "worker-offline"): void {
    const { dispatcher, facts, version } = this.#parts;
    const { active, processed, loadavg } = facts();
    const body: EventBody = { type, freq: intervalMs / 1_000, active, processed, loadavg, ...version };
    dispatcher.report(body);
  }
}
