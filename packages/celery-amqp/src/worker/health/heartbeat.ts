import type { Clock } from "../../ports/clock.ts";
import type { HealthHost } from "../../ports/health.ts";
import type { Logger } from "../../ports/logger.ts";

/** What a heartbeat is made of. */
export interface HeartbeatParts {
  readonly file: string;
  readonly host: HealthHost;
  readonly clock: Clock;
  readonly log: Logger;
  /** Asked before each beat. */
  readonly isAlive: () => boolean;
}

const intervalMs = 5_000;

/** Keeps the age of a file below some seconds while a worker lives. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  #beating: Promise<void> = Promise.resolve();
  #cancelTimer: () => void = () => {};
  #stopped = false;
  #warned = false;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
  }

  /**
   * Resolves after the first beat.
   *
   * @throws CeleryError `option-invalid` where the file cannot be written
   */
  async start(): Promise<void> {
    await this.#write();
    this.#schedule();
  }

  /** Removes the file, after a write that is in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#beating;
    const { host, file, log } = this.#parts;
    await host.remove(file).catch((error: unknown) => log.warn("cannot remove the heartbeat file", { file, error }));
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancelTimer = this.#parts.clock.setTimer(intervalMs, () => {
      this.#beating = this.#beat();
    });
  }

  /** A disk that fails for a while must not end the beats. */
  async #beat(): Promise<void> {
    try {
      if (this.#parts.isAlive()) await this.#write();
      this.#warned = false;
    } catch (error) {
      if (!this.#warned) this.#parts.log.warn("no heartbeat", { error: String(error) });
      this.#warned = true;
    }
    this.#schedule();
  }

  async #write(): Promise<void> {
    const { host, file, clock } = this.#parts;
    await host.write(file, new Date(clock.now()).toISOString());
  }
}
