import type { TaskMessage } from "@leveret/celery-protocol";
import { ownText } from "@leveret/celery-protocol/wire";
import type { Revoked } from "./screen.ts";

/** A value that a stamp can be compared by. */
export type StampValue = string | number | boolean;

/** Stamps by name, each with the values that are meant. */
export type StampSelection = Readonly<Record<string, StampValue | readonly StampValue[]>>;

/** What is revoked, oldest first, each with the time it was: milliseconds since the epoch. */
export interface RevocationEntries {
  readonly ids: readonly (readonly [id: string, at: number])[];
  readonly stamps: readonly (readonly [name: string, value: StampValue, at: number])[];
}

/** How much is remembered of ids, and as much again of stamps. Celery's bounds: celery/worker/state.py. */
export interface RevocationBounds {
  readonly limit: number;
  /** Over the limit, what is older than this goes first. */
  readonly maxAgeMs: number;
  /** Characters of all ids, or stamps, together. */
  readonly maxCharacters: number;
}

const celeryBounds: RevocationBounds = { limit: 50_000, maxAgeMs: 10_800_000, maxCharacters: 16_000_000 };

/** An id or a stamp that is longer is not remembered: no client of Celery makes such ids, and a few would fill the memory. */
const longestKey = 1_024;

/**
 * The tasks that were revoked, by id or by a stamp they carry, in a memory that is bounded in number and characters. A task is revoked where any value of
 * any of its stamps is. Source: celery/worker/state.py, celery/worker/request.py `revoked`.
 */
export class Revocations implements Revoked {
  readonly #ids: Remembered;
  readonly #stamps: Remembered;

  constructor(bounds: Partial<RevocationBounds> = {}) {
    this.#ids = new Remembered({ ...celeryBounds, ...bounds });
    this.#stamps = new Remembered({ ...celeryBounds, ...bounds });
  }

  addId(id: string, at: number): void {
    this.#ids.add(id, at);
  }

  addStamp(name: string, value: StampValue, at: number): void {
    this.#stamps.add(JSON.stringify([name, value]), at);
  }

  has(task: TaskMessage): boolean {
    return (this.#ids.size > 0 && this.#ids.has(task.id)) || (this.#stamps.size > 0 && this.#hasStampOf(task));
  }

  entries(): RevocationEntries {
    const stamps = this.#stamps.entries().map(([key, at]) => {
      const [name, value] = JSON.parse(key) as [string, StampValue];
      return [name, value, at] as const;
    });
    return { ids: this.#ids.entries(), stamps };
  }

  #hasStampOf({ stampedHeaders, stamps }: TaskMessage): boolean {
    return (stampedHeaders ?? []).some((name) =>
      listed(stamps[name]).some((value) => isStampValue(value) && this.#stamps.has(JSON.stringify([name, value]))),
    );
  }
}

/** Whether stamps can be compared by it. */
export function isStampValue(value: unknown): value is StampValue {
  return (
    typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))
  );
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Keys by the time they came, in order of age, since one that comes again goes to the end. */
class Remembered {
  readonly #entries = new Map<string, number>();
  readonly #bounds: RevocationBounds;
  #characters = 0;

  constructor(bounds: RevocationBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  entries(): readonly (readonly [key: string, at: number])[] {
    return [...this.#entries];
  }

  /** The key may be a slice of a large message, which must not be kept with it. */
  add(key: string, at: number): void {
    if (key.length > longestKey) return;
    this.#delete(key);
    this.#entries.set(ownText(key), at);
    this.#characters += key.length;
    if (!this.#isOverfull()) return;
    for (const [old, since] of this.#entries) {
      if (!this.#isOverfull() && since + this.#bounds.maxAgeMs > at) return;
      this.#delete(old);
    }
  }

  #isOverfull(): boolean {
    const { limit, maxCharacters } = this.#bounds;
    return this.#entries.size > limit || this.#characters > maxCharacters;
  }

  #delete(key: string): void {
    if (this.#entries.delete(key)) this.#characters -= key.length;
  }
}
