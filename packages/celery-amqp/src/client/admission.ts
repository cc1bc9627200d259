import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Transport } from "../ports/transport.ts";

/**
 * Admission of a client's operations: none starts after `close`, and `close` waits for pending ones. The first
 * operation that needs the broker connects.
 */
export class Admission {
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
   * Runs an operation, which is pending from the call on.
   *
   * @throws CeleryError `closed`, or the operation's error
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
   * Resolves when the broker can be used. Only for admitted operations.
   *
   * @throws CeleryError the errors of connecting; the next operation tries again
   */
  connected(): Promise<void> {
    this.#connected ??= this.#connect();
    return this.#connected;
  }

  /** Admits no more operations; resolves when all have ended, or after `timeoutMs`. */
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
