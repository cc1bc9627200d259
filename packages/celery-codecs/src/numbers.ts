import { Float } from "@leveret/celery-protocol";

/**
 * A float of a tree: a number, or a `Float` where the number would be read as an integer or is not finite. Beyond 2^53
 * a number is always a float, since an integer of that size is a bigint.
 */
export function toFloat(value: number): number | Float {
  return Number.isSafeInteger(value) || !Number.isFinite(value) ? new Float(value) : value;
}
