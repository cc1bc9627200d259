import { type Budget, overBudget } from "../wire/budget.ts";

/** Hash slots for the positions of keys; a power of two. */
const SLOTS = 1 << 16;
const PROBES = 4;
/** A new key makes V8 create a dictionary, or a shape, for its object. */
const KEY_WEIGHT = 2;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const LIST = 0x5b;
const OBJECT = 0x7b;

/**
 * Checks JSON against `budget.values` before it is parsed, in one pass without allocations. Bodies too short to pass
 * the limit are skipped: each value takes two bytes.
 *
 * @throws ProtocolError `too-many`.
 */
export function checkValues(body: Uint8Array, budget: Budget): void {
  if (body.length > 2 * budget.values) new ValueCount(body, budget).check();
}

class ValueCount {
  readonly #body: Uint8Array;
  readonly #budget: Budget;
  /** Positions of keys plus one, so that 0 is none. */
  readonly #keys = new Int32Array(SLOTS);
  #values = 0;

  constructor(body: Uint8Array, budget: Budget) {
    this.#body = body;
    this.#budget = budget;
  }

  check(): void {
    const body = this.#body;
    for (let at = 0; at < body.length; at++) {
      const byte = body[at];
      if (byte === QUOTE) at = this.#string(at + 1);
      else if (byte === LIST || byte === OBJECT) this.#add(1);
    }
  }

  /** @returns the end of the string. */
  #string(start: number): number {
    const body = this.#body;
    let hash = 0x811c9dc5;
    let end = start;
    for (; end < body.length && body[end] !== QUOTE; end++) {
      hash = Math.imul(hash ^ (body[end] ?? 0), 0x01000193);
      if (body[end] === BACKSLASH) end++;
    }
    let next = end + 1;
    while ((body[next] ?? COLON) <= 0x20) next++;
    if (body[next] === COLON && !this.#isRepeated(start, end, hash)) this.#add(KEY_WEIGHT);
    return end;
  }

  /** V8 stores keys that are array indices in separate tables, even repeated ones. */
  #isRepeated(start: number, end: number, hash: number): boolean {
    const first = this.#body[start] ?? 0;
    if (first >= 0x30 && first <= 0x39) return false;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (hash + probe) & (SLOTS - 1);
      const known = this.#keys[slot] ?? 0;
      if (known === 0) {
        this.#keys[slot] = start + 1;
        return false;
      }
      if (this.#isSame(known - 1, start, end)) return true;
    }
    return false;
  }

  /** The closing quote is compared too, so that a key does not match a longer one. */
  #isSame(known: number, start: number, end: number): boolean {
    const body = this.#body;
    for (let at = start; at <= end; at++) if (body[at] !== body[known + at - start]) return false;
    return true;
  }

  #add(weight: number): void {
    this.#values += weight;
    if (this.#values > this.#budget.values) throw overBudget("values", this.#budget, this.#values);
  }
}
