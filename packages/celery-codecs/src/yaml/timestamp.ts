import { DateTime, formatIso, LocalDate } from "@leveret/celery-protocol";

const WRITTEN =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::(\d\d))?))?)?$/;

/** ISO 8601 as Python's `isoformat` and most programs write it; other forms are reduced to their instant. */
const ISO = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?(?:([Zz])|([-+]\d\d):?(\d\d))?)?$/;

/**
 * Reads a timestamp as PyYAML does: a date, or a datetime with its microseconds and its offset, if it has one.
 *
 * @returns null for a string that is not a timestamp.
 * @throws ProtocolError `time-invalid` for a day or an hour that does not exist.
 */
export function readTimestamp(text: string): LocalDate | DateTime | null {
  const match = WRITTEN.exec(text);
  if (match === null) return null;
  const [, year, month = "", day = "", hour, minute, second, fraction, zulu, sign, offsetHour = "", offsetMinute] =
    match;
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  if (hour === undefined) return new LocalDate(date);
  const offset = sign === undefined ? null : `${sign}${offsetHour.padStart(2, "0")}:${offsetMinute ?? "00"}`;
  const clock = `${hour.padStart(2, "0")}:${minute}:${second}${micros(fraction)}`;
  return new DateTime(`${date}T${clock}${zone(zulu === undefined ? offset : "+00:00")}`);
}

/** A datetime as PyYAML writes it: `2024-05-06 07:08:09.123456+00:00`. */
export function writeTimestamp(time: DateTime): string {
  const match = ISO.exec(time.text);
  if (match === null) return formatIso(time.epochMs).replace("T", " ");
  const [, date, clock = "00:00", seconds = ":00", fraction, zulu, offsetHour, offsetMinute] = match;
  const offset = offsetHour === undefined ? null : `${offsetHour}:${offsetMinute}`;
  return `${date} ${clock}${seconds}${micros(fraction)}${zone(zulu === undefined ? offset : "+00:00")}`;
}

/** Python keeps six digits, and leaves them out when all are zero. */
function micros(fraction: string | undefined): string {
  const digits = (fraction ?? "").slice(0, 6).padEnd(6, "0");
  return digits === "000000" ? "" : `.${digits}`;
}

/** Zero has no sign in Python. */
function zone(offset: string | null): string {
  return offset === "-00:00" ? "+00:00" : (offset ?? "");
}
