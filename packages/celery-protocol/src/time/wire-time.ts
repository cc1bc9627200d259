/**
 * A time in a message: the instant to calculate with and the string to forward. Python writes microseconds, any offset,
 * or none; retries and chains forward the string unchanged.
 */
export interface WireTime {
  /** Milliseconds since the epoch. */
  readonly epochMs: number;
  /** ISO 8601, exactly as read, or as `formatIso` writes it. */
  readonly text: string;
}
