import type { Clock } from "./clock.ts";
import type { LogFields, Logger } from "./logger.ts";

const betweenMs = 60_000;

/** Kinds that are remembered; with more, all are forgotten. */
const limit = 100;

/** Writes log lines that others can cause in any number: each kind of line once a minute, with how many were left out since. */
export class Seldom {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #kinds = new Map<string, { readonly at: number; leftOut: number }>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** @param kind - lines of one kind count together */
  write(level: "warn" | "error", kind: string, message: string, fields: LogFields): void {
    const at = this.#clock.monotonicMs();
    const last = this.#kinds.get(kind);
    if (last !== undefined && at - last.at < betweenMs) {
      last.leftOut += 1;
      return;
    }
    if (this.#kinds.size >= limit) this.#kinds.clear();
    this.#kinds.set(kind, { at, leftOut: 0 });
    this.#log[level](message, last === undefined || last.leftOut === 0 ? fields : { ...fields, leftOut: last.leftOut });
  }
}
