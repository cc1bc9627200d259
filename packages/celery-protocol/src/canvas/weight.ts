import { isPlainObject } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import { Draft, type OptionValue } from "./draft.ts";

/** Keys and punctuation of a signature, without its values. */
const SIGNATURE_BYTES = 100;
/** Estimate for a number, a word or a typed value. */
const SCALAR_BYTES = 8;
const TYPED_BYTES = 60;

/**
 * Estimates the size of values and drafts as JSON, in bytes, without writing them. Shared values are measured once, so
 * that the time grows with the size in memory, not on the wire.
 */
export class Scales {
  readonly #known = new Map<object, number>();

  weigh(value: OptionValue | undefined): number {
    if (typeof value === "string") return value.length + 2;
    if (typeof value !== "object" || value === null) return SCALAR_BYTES;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const weight = this.#weigh(value);
    this.#known.set(value, weight);
    return weight;
  }

  #weigh(value: Draft | Exclude<Tree, string | number | boolean | bigint | null>): number {
    if (value instanceof Draft) return this.#draft(value);
    if (Array.isArray(value)) return this.all(value);
    if (value instanceof Uint8Array) return TYPED_BYTES + Math.ceil(value.length * 1.5);
    return isPlainObject(value) ? this.members(value) : TYPED_BYTES;
  }

  /** Size of a list of these. */
  all(items: readonly OptionValue[]): number {
    let bytes = 2;
    for (const item of items) bytes += this.weigh(item) + 2;
    return bytes;
  }

  /** Size of an object of these. */
  members(object: Readonly<Record<string, OptionValue>>): number {
    let bytes = 2;
    for (const key of Object.keys(object)) bytes += key.length + 6 + this.weigh(object[key]);
    return bytes;
  }

  #draft({ task, args, kwargs, options, extra, tasks, header, body }: Draft): number {
    const canvas = this.all(tasks) + (Array.isArray(header) ? this.all(header) : this.weigh(header)) + this.weigh(body);
    const call = this.all(args) + this.members(kwargs) + this.members(options) + this.members(extra);
    return SIGNATURE_BYTES + task.length + canvas + call;
  }
}
