import type { StoredMessage } from "./memory-message.ts";

/** The ready messages of one priority: oldest first, requeued ones at their old position. */
export class MemoryLane {
  /** Came back; all older than `#fresh`, kept in order. */
  readonly #returned: StoredMessage[] = [];
  /** A Map keeps insertion order and forgets its first entry cheaply, at any depth. */
  readonly #fresh = new Map<number, StoredMessage>();

  get size(): number {
    return this.#returned.length + this.#fresh.size;
  }

  add(stored: StoredMessage): void {
    this.#fresh.set(stored.sequence, stored);
  }

  giveBack(stored: StoredMessage): void {
    const place = this.#returned.findIndex((other) => other.sequence > stored.sequence);
    this.#returned.splice(place === -1 ? this.#returned.length : place, 0, stored);
  }

  head(): StoredMessage | undefined {
    return this.#returned[0] ?? this.#fresh.values().next().value;
  }

  takeHead(): StoredMessage | undefined {
    const returned = this.#returned.shift();
    if (returned !== undefined) return returned;
    const fresh = this.head();
    if (fresh !== undefined) this.#fresh.delete(fresh.sequence);
    return fresh;
  }

  *[Symbol.iterator](): Iterator<StoredMessage> {
    yield* this.#returned;
    yield* this.#fresh.values();
  }
}
