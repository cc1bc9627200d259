import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Transport } from "../ports/transport.ts";

/**
 * All that a client does with its broker passes here: the first one connects, none enters after `close`, and `close`
 * waits for those inside.
 */
export class Gate {
  readonly #transport: Transport;
  #connected: Promise<void> | null = null;
  #inside = 0;
  #closed = false;
  #onEmpty: () => void = () => {};

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Resolves when the broker can be used.
   *
   * @throws CeleryError `closed`, and what connecting ends in; the next one tries again
   */
  connect(): Promise<void> {
    if (this.#closed) return Promise.reject(new CeleryError("closed", "The client is closed: create a new one"));
    this.#connected ??= this.#connectOnce();
    return this.#connected;
  }

  /** Does some work with the broker. */
  async enter<T>(work: () => Promise<T>): Promise<T> {
    this.#inside += 1;
    try {
      await this.connect();
      return await work();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) this.#onEmpty();
    }
  }

  /** Lets nobody in any more; resolves when all are out, or after `timeoutMs`. */
  async close(clock: Clock, timeoutMs: number): Promise<void> {
    this.#closed = true;
    if (this.#inside === 0) return;
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const stopTimer = clock.setTimer(timeoutMs, resolve);
    await empty;
    stopTimer();
  }

  async #connectOnce(): Promise<void> {
    try {
      await this.#transport.connect();
    } catch (error) {
      this.#connected = null;
      throw error;
    }
  }
}
