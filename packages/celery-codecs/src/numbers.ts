import { Float } from "@leveret/celery-protocol";

/**
 * A float as it stands in a tree: a number, or a `Float` where the number would be taken for an integer or is none of
 * the finite ones. Beyond 2^53 a number can only be a float, for an integer of that size is a bigint.
 */
export function toFloat(value: number): number | Float {
  return Number.isSafeInteger(value) || !Number.isFinite(value) ? new Float(value) : value;
}
