import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Transport } from "../ports/transport.ts";

/**
 * All that a client does passes here: nobody enters after `close`, and `close` waits for those inside. The first one
 * inside that needs the broker connects.
 */
export class Gate {
  readonly #transport: Transport;
  #connected: Promise<void> | null = null;
  #isConnected = false;
  #inside = 0;
  #closed = false;
  #onEmpty: () => void = () => {};

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Does some work inside; it counts from the call on.
   *
   * @throws CeleryError `closed`, or what the work ends in
   */
  async enter<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new CeleryError("closed", "The client is closed: create a new one");
    this.#inside += 1;
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) this.#onEmpty();
    }
  }

  /** Whether `connected` has resolved. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /**
   * Resolves when the broker can be used. Only for work inside.
   *
   * @throws CeleryError what connecting ends in; the next one tries again
   */
  connected(): Promise<void> {
    this.#connected ??= this.#connect();
    return this.#connected;
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

  async #connect(): Promise<void> {
    try {
      await this.#transport.connect();
      this.#isConnected = true;
    } catch (error) {
      this.#connected = null;
      throw error;
    }
  }
}
