import type { Clock } from "../../ports/clock.ts";
import type { Logger } from "../../ports/logger.ts";
import type { StateHost } from "../../ports/state.ts";
import type { Revocations } from "../rules/revocations.ts";
import { readState, writeState } from "../rules/saved-state.ts";

/** Where a worker keeps what must outlive it, and by what. */
export interface StateSetting {
  readonly file: string;
  readonly host: StateHost;
}

/** What keeping the state is made of. */
export interface StateKeeperParts extends StateSetting {
  readonly revocations: Revocations;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Changes within this time are written together. */
const debounceMs = 500;

/** Keeps in a file what was revoked, so that a restart does not forget it. */
export class StateKeeper {
  readonly #parts: StateKeeperParts;
  #cancelTimer: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #isStarted = false;

  constructor(parts: StateKeeperParts) {
    this.#parts = parts;
  }

  /**
   * Loads the file, and writes it again at once, so that a file that cannot be written is an error of the start. A file that
   * cannot be read is ignored with a warning.
   *
   * @throws CeleryError `option-invalid` where it cannot be written
   */
  async start(): Promise<void> {
    await this.#load();
    await this.#write();
    this.#isStarted = true;
  }

  /** What is kept has changed: it is written soon. */
  changed(): void {
    if (!this.#isStarted || this.#cancelTimer !== null) return;
    this.#cancelTimer = this.#parts.clock.setTimer(debounceMs, () => this.#save());
  }

  /** Writes what has not been written. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    if (this.#cancelTimer !== null) this.#save();
    await this.#writing;
  }

  async #load(): Promise<void> {
    const { host, file, revocations, log } = this.#parts;
    try {
      const text = await host.read(file);
      if (text === null) return;
      const { ids, stamps } = readState(text);
      for (const [id, at] of ids) revocations.addId(id, at);
      for (const [name, value, at] of stamps) revocations.addStamp(name, value, at);
      log.debug("state was taken up", { file, ids: ids.length, stamps: stamps.length });
    } catch (error) {
      log.warn("the state file cannot be read: what was revoked before is forgotten", { file, error: String(error) });
    }
  }

  /** One write at a time, so that an older one never comes last. */
  #save(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const { file, log } = this.#parts;
    this.#writing = this.#writing
      .then(() => this.#write())
      .catch((error: unknown) => log.error("cannot write the state file", { file, error: String(error) }));
  }

  async #write(): Promise<void> {
    const { host, file, revocations } = this.#parts;
    await host.write(file, writeState(revocations.entries()));
  }
}
