import type { TaskMessage } from "@leveret/celery-protocol";
import type { Revoked } from "./screen.ts";

/** A value that a stamp can be compared by. */
export type StampValue = string | number | boolean;

/** Stamps by name, each with the values that are meant. */
export type Stamps = Readonly<Record<string, StampValue | readonly StampValue[]>>;

/** What is revoked, oldest first, each with the time it was: milliseconds since the epoch. */
export interface RevokedEntries {
  readonly ids: readonly (readonly [id: string, at: number])[];
  readonly stamps: readonly (readonly [name: string, value: StampValue, at: number])[];
}

/** How much is remembered of ids, and as much again of stamps. Celery's bounds: celery/worker/state.py. */
export interface RevocationBounds {
  readonly limit: number;
  /** Over the limit, what is older than this goes first. */
  readonly maxAgeMs: number;
}

const celeryBounds: RevocationBounds = { limit: 50_000, maxAgeMs: 10_800_000 };

/**
 * The tasks that were revoked, by id or by a stamp they carry, in a bounded memory. A task is revoked where any value of
 * any of its stamps is. Source: celery/worker/state.py, celery/worker/request.py `revoked`.
 */
export class Revocations implements Revoked {
  readonly #ids = new Map<string, number>();
  readonly #stamps = new Map<string, number>();
  readonly #bounds: RevocationBounds;

  constructor(bounds: RevocationBounds = celeryBounds) {
    this.#bounds = bounds;
  }

  addId(id: string, at: number): void {
    add(this.#ids, id, at, this.#bounds);
  }

  addStamp(name: string, value: StampValue, at: number): void {
    add(this.#stamps, JSON.stringify([name, value]), at, this.#bounds);
  }

  has(task: TaskMessage): boolean {
    return (this.#ids.size > 0 && this.#ids.has(task.id)) || (this.#stamps.size > 0 && this.#hasStampOf(task));
  }

  entries(): RevokedEntries {
    const stamps = [...this.#stamps].map(([key, at]) => {
      const [name, value] = JSON.parse(key) as [string, StampValue];
      return [name, value, at] as const;
    });
    return { ids: [...this.#ids], stamps };
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

/** The map is in order of age, since whoever comes again goes to its end. */
function add(entries: Map<string, number>, key: string, at: number, { limit, maxAgeMs }: RevocationBounds): void {
  entries.delete(key);
  entries.set(key, at);
  if (entries.size <= limit) return;
  for (const [old, since] of entries) {
    if (entries.size <= limit && since + maxAgeMs > at) return;
    entries.delete(old);
  }
}
