import { isPlainObject } from "../content/plain-object.ts";

/** A longer key is no name of a worker and no id of a task that a client of Celery makes. */
const LONGEST_KEY = 1_024;
/** What a number, a word or a key takes beside the characters of strings. */
const VALUE_CHARACTERS = 16;

/** Values by a key, of which the oldest go where there are too many, or too many characters in all of them. */
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

  /** In the order in which their keys came. */
  values(): readonly Value[] {
    return Array.from(this.#values.values(), ({ value }) => value);
  }

  /** A key that is known keeps its place. */
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

  /** Makes a key the youngest. */
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

  /** Drops values of a kind. */
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
