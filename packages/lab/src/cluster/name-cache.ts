/** Finds the addresses of a name; null where there is no such name. */
export type Resolve = (name: string) => readonly string[] | null;

/** An answer, and for how many seconds a client may keep it. */
export interface CachedAnswer {
  readonly addresses: readonly string[] | null;
  readonly ttlSeconds: number;
}

interface Entry {
  readonly addresses: readonly string[] | null;
  readonly untilMs: number;
}

/**
 * Keeps answers as CoreDNS does with `cache SECONDS`: found and not found alike, each for that long after it was fetched,
 * whatever changes meanwhile. 0 seconds keeps nothing.
 */
export class NameCache {
  readonly #entries = new Map<string, Entry>();
  readonly #keepMs: number;
  readonly #resolve: Resolve;
  readonly #now: () => number;

  constructor(seconds: number, resolve: Resolve, now: () => number) {
    this.#keepMs = seconds * 1000;
    this.#resolve = resolve;
    this.#now = now;
  }

  answer(name: string): CachedAnswer {
    const now = this.#now();
    const kept = this.#entries.get(name);
    if (kept !== undefined && kept.untilMs > now) return answerOf(kept, now);
    const fresh = { addresses: this.#resolve(name), untilMs: now + this.#keepMs };
    if (this.#keepMs > 0) this.#entries.set(name, fresh);
    return answerOf(fresh, now);
  }
}

function answerOf({ addresses, untilMs }: Entry, now: number): CachedAnswer {
  return { addresses, ttlSeconds: Math.ceil((untilMs - now) / 1000) };
}
