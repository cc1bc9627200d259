import { isPlainObject } from "../content/plain-object.ts";

/** A longer key is not a worker's name or a task id of a Celery client. */
const LONGEST_KEY = 1_024;
/** Size of a number, a word or a key, in characters. */
const VALUE_CHARACTERS = 16;

/** A bounded map, which drops its oldest values beyond a number of values, or of characters in all of them. */
export class Kept<Value> {
  readonly #most: number;
  readonly #mostCharacters: number;
  readonly #values = new Map<string, { readonly value: Value; readonly characters: number }>();
  #characters = 0;

  constructor(most: number, mostCharacters: number) {
    this.#most = Math.max(1, most);
    this.#mostCharacters = mostCharacters;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key)?.value;
  }

  /** In the order of their keys' insertion. */
  values(): readonly Value[] {
    return Array.from(this.#values.values(), ({ value }) => value);
  }

  /** A known key keeps its position. */
  set(key: string, value: Value): void {
    if (key.length > LONGEST_KEY) return;
    const characters = charactersIn(value);
    this.#characters += characters - (this.#values.get(key)?.characters ?? 0);
    this.#values.set(key, { value, characters });
    for (const oldest of this.#values.keys()) {
      const isOverfull = this.#values.size > this.#most || this.#characters > this.#mostCharacters;
      if (!isOverfull) return;
      this.delete(oldest);
    }
  }

  /** Makes a key the newest. */
  renew(key: string): void {
    const known = this.#values.get(key);
    if (known === undefined) return;
    this.#values.delete(key);
    this.#values.set(key, known);
  }

  delete(key: string): void {
    this.#characters -= this.#values.get(key)?.characters ?? 0;
    this.#values.delete(key);
  }

  /** Drops values by a predicate. */
  drop(isDropped: (value: Value) => boolean): void {
    for (const [key, { value }] of this.#values) if (isDropped(value)) this.delete(key);
  }
}

function charactersIn(value: unknown): number {
  if (typeof value === "string") return value.length + VALUE_CHARACTERS;
  if (value instanceof Uint8Array) return value.length + VALUE_CHARACTERS;
  const items: readonly unknown[] = Array.isArray(value) ? value : isPlainObject(value) ? Object.values(value) : [];
  return items.reduce<number>((sum, item) => sum + charactersIn(item), VALUE_CHARACTERS);
}
