import { parseIso } from "../time/iso8601.ts";
import { ProtocolError } from "../wire/errors.ts";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2}(?::?\d{2})?)?$/;
const DECIMAL = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,18}))?$/;
const DECIMAL_SPECIAL = /^[+-]?(?:inf(?:inity)?|s?nan\d*)$/i;
const UUID = /^[0-9a-f]{32}$/;

/** A day without a time of day or zone: Python's `datetime.date`. */
export class LocalDate {
  /** `2024-02-29`. */
  readonly text: string;

  /** @throws ProtocolError `time-invalid` for a string that is not a date of the calendar. */
  constructor(text: string) {
    if (!DATE.test(text)) throw invalidTime(text, "date such as 2024-02-29");
    parseIso(text);
    this.text = text;
  }

  /** Whether another value is of this class and equal. */
  equals(other: unknown): boolean {
    return other instanceof LocalDate && other.text === this.text;
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

/** A time of day without a day: Python's `datetime.time`. */
export class LocalTime {
  /** `13:14:15.000016`, as written. */
  readonly text: string;

  /** @throws ProtocolError `time-invalid` for a string that is not a time of day. */
  constructor(text: string) {
    if (!TIME.test(text) || text.startsWith("24")) throw invalidTime(text, "time of day such as 13:14:15.000016");
    parseIso(`2000-01-01T${text}`);
    this.text = text;
  }

  /** Whether another value is of this class and equal. */
  equals(other: unknown): boolean {
    return other instanceof LocalTime && other.text === this.text;
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

/** A decimal number of any precision, kept as a string: Python's `decimal.Decimal`. */
export class Decimal {
  /** `12.3400`, `1E+3`, `NaN`: as written. */
  readonly text: string;

  /** @throws ProtocolError `option-invalid` for a string that is not a decimal number. */
  constructor(text: string) {
    if (!DECIMAL.test(text) && !DECIMAL_SPECIAL.test(text)) {
      throw new ProtocolError(
        "option-invalid",
        "local",
        `${shown(text)} is not a decimal number. Write it as 12.3400 or 1E+3.`,
      );
    }
    this.text = text;
  }

  /** Equal as numbers: `1.0` and `1E+0` are. */
  equals(other: unknown): boolean {
    return other instanceof Decimal && (other.text === this.text || canonical(other.text) === canonical(this.text));
  }

  /** The digits as written. */
  toJSON(): string {
    return this.text;
  }

  /** The digits as written. */
  toString(): string {
    return this.text;
  }
}

/** A UUID: Python's `uuid.UUID`. */
export class Uuid {
  /** Lower case with dashes: `12345678-1234-5678-1234-567812345678`. */
  readonly text: string;

  /** @param text - 32 hexadecimal digits, with or without dashes, braces or `urn:uuid:`, as Python takes them. @throws ProtocolError `option-invalid` for any other string. */
  constructor(text: string) {
    const hex = text
      .replace(/^urn:uuid:/i, "")
      .replaceAll(/[-{}]/g, "")
      .toLowerCase();
    if (!UUID.test(hex)) {
      throw new ProtocolError("option-invalid", "local", `${shown(text)} is not a UUID. Write 32 hexadecimal digits.`);
    }
    this.text = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  /** The 32 digits without dashes. */
  get hex(): string {
    return this.text.replaceAll("-", "");
  }

  /** Whether another value is of this class and equal. */
  equals(other: unknown): boolean {
    return other instanceof Uuid && other.text === this.text;
  }

  /** Lower-case hexadecimal with hyphens. */
  toJSON(): string {
    return this.text;
  }

  /** Lower-case hexadecimal with hyphens. */
  toString(): string {
    return this.text;
  }
}

/**
 * One canonical string for all spellings of a number: sign, digits without zeros at either end, exponent of the last
 * digit.
 */
function canonical(text: string): string {
  const match = DECIMAL.exec(text);
  if (match === null)
    return text
      .toLowerCase()
      .replace(/^\+/, "")
      .replace(/infinity$/, "inf");
  const fraction = match[3] ?? match[4] ?? "";
  const digits = `${match[2] ?? ""}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const exponent = BigInt(match[5] ?? 0) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${match[1] === "-" ? "-" : ""}${significant}e${exponent}`;
}

function invalidTime(text: string, kind: string): ProtocolError {
  return new ProtocolError("time-invalid", "local", `${shown(text)} is not a ${kind}.`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
