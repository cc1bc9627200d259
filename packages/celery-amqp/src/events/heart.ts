import type { EventBody } from "@leveret/celery-protocol";
import type { Clock } from "../ports/clock.ts";
import type { EventDispatcher } from "./dispatcher.ts";

/** What a worker says of itself. */
export interface WorkerFacts {
  /** Tasks running now. */
  readonly active: number;
  /** Tasks begun since the start. */
  readonly processed: number;
  /** Load of the host over 1, 5 and 15 minutes. */
  readonly loadavg: readonly number[];
}

/** The software, as Celery's tools show it. */
export interface Software {
  readonly swIdent: string;
  readonly swVer: string;
  readonly swSys: string;
}

/** What a heart is made of. */
export interface HeartParts {
  readonly dispatcher: EventDispatcher;
  readonly clock: Clock;
  readonly software: Software;
  readonly facts: () => WorkerFacts;
}

/** Celery's `--heartbeat-interval`: monitors give a worker up after twice as long. */
const intervalMs = 2_000;

/**
 * Lets monitors know that a worker is there: it comes, it is there, it goes. Source: celery/worker/heartbeat.py.
 */
export class Heart {
  readonly #parts: HeartParts;
  #cancelTimer: () => void = () => {};

  constructor(parts: HeartParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancelTimer = this.#parts.clock.setTimer(intervalMs, () => {
      this.#tell("worker-heartbeat");
      this.start();
    });
  }

  /** Now it can be heard, at first or again. */
  online(): void {
    this.#tell("worker-online");
  }

  /** The last word. */
  stop(): void {
    this.#cancelTimer();
    this.#tell("worker-offline");
  }

  #tell(type: "worker-online" | "worker-heartbeat" | "worker-offline"): void {
    const { dispatcher, facts, software } = this.#parts;
    const { active, processed, loadavg } = facts();
    const body: EventBody = { type, freq: intervalMs / 1_000, active, processed, loadavg, ...software };
    dispatcher.report(body);
  }
}
