import type { Budget } from "@leveret/celery-protocol";
import { overBudget } from "@leveret/celery-protocol/wire";

/** Most distinct keys that are recorded. */
const MOST_KEYS = 65_536;
/** A new key makes V8 create a dictionary, or a shape, for its object. */
const KEY_WEIGHT = 2;
/** An item of a list takes eight bytes, an object or a list some 64. */
const ITEMS_A_VALUE = 8;

/** Checks the values against `budget.values`, as JSON's reader does. */
export class ValueCount {
  readonly #budget: Budget;
  readonly #keys = new Set<string>();
  #values = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** @throws ProtocolError `too-many`, before the items are read. */
  container(items: number): void {
    this.#add(1 + items / ITEMS_A_VALUE);
  }

  /** @throws ProtocolError `too-many`. */
  key(key: string): void {
    if (this.#keys.has(key)) return;
    if (this.#keys.size < MOST_KEYS && !isIndex(key)) this.#keys.add(key);
    this.#add(KEY_WEIGHT);
  }

  #add(weight: number): void {
    this.#values += weight;
    if (this.#values > this.#budget.values) throw overBudget("values", this.#budget, Math.ceil(this.#values));
  }
}

/** V8 stores keys that are array indices in separate tables, even repeated ones. */
function isIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}
