import { parseIso } from "../time/iso8601.ts";

/**
 * A float that a plain number would turn into an integer or lose: whole (`1.0`, `-0.0`) or not finite (`NaN`,
 * `Infinity`). Encoders write it as Python's float, so a forwarded value stays a float.
 */
export class Float {
  /** The number. */
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  /** Whether another value is of this class and equal. */
  equals(other: unknown): boolean {
    return other instanceof Float && Object.is(other.value, this.value);
  }

  /** The number. */
  valueOf(): number {
    return this.value;
  }

  /** The number. */
  toJSON(): number {
    return this.value;
  }

  /** The number as Python writes it. */
  toString(): string {
    return String(this.value);
  }
}

/** A typed `datetime`: the original string (microseconds, offset or none) and its instant. */
export class DateTime {
  /** ISO 8601 as read. */
  readonly text: string;
  /** Milliseconds since the epoch; a string without offset counts as UTC. */
  readonly epochMs: number;

  /** @throws ProtocolError `time-invalid` for a string that is not an ISO 8601 time. */
  constructor(text: string) {
    this.text = text;
    this.epochMs = parseIso(text).epochMs;
  }

  /** Whether another value is of this class and equal. */
  equals(other: unknown): boolean {
    return other instanceof DateTime && other.text === this.text;
  }

  /** The instant; microseconds are dropped. */
  toDate(): Date {
    return new Date(this.epochMs);
  }

  /** ISO 8601. */
  toJSON(): string {
    return this.text;
  }

  /** ISO 8601. */
  toString(): string {
    return this.text;
  }
}
