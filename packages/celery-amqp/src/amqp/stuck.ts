/** How long a destination that blocked its channel gets no further message, in milliseconds. */
const rememberedMs = 30_000;

/** Beyond this number the oldest is forgotten. */
const limit = 1_000;

/** Destinations that blocked a channel lately. Each further message would block the next channel as well. */
export class StuckDestinations {
  readonly #until = new Map<string, number>();

  /** At `now` on the monotonic clock. */
  add(key: string, now: number): void {
    this.#until.delete(key);
    this.#until.set(key, now + rememberedMs);
    const [oldest] = this.#until.keys();
    if (oldest !== undefined && this.#until.size > limit) this.#until.delete(oldest);
  }

  has(key: string, now: number): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until <= now) this.#until.delete(key);
    return until > now;
  }

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }
}
