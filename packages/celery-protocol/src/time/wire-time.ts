/**
 * A point in time as a message carries it: the instant to reckon with and the text to forward.
 * Python writes microseconds, any offset, or none; a retry or chain hands the text on as it came.
 */
export interface WireTime {
  /** Milliseconds since the epoch. */
  readonly epochMs: number;
  /** ISO 8601, exactly as read, or as `formatIso` writes it. */
  readonly text: string;
}
