import { ProtocolError } from "../wire/errors.ts";
import type { WireTime } from "./wire-time.ts";

const CALENDAR = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?|(\d{2})(\d{2}))?/;
const WEEK = /^(\d{4})(?:-W(\d{2})(?:-(\d))?|W(\d{2})(\d)?)/;
const ORDINAL = /^(\d{4})-?(\d{3})(?!\d)/;
const EXTENDED_CLOCK = /^(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?/;
const BASIC_CLOCK = /^(\d{2})(?:(\d{2})(?:(\d{2})(?:[.,](\d+))?)?)?/;
const OFFSET = /^(?:[Zz]|([+-])(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?)$/;

const DAY_MS = 86_400_000;
const LONGEST_TEXT = 64;
/** Midnight after the last day of Python's `datetime`. */
const END_OF_YEARS = Date.UTC(10_000, 0, 1);

/** A day of the proleptic Gregorian calendar, counted from the epoch, and the end of its text. */
interface DatePart {
  readonly days: number;
  readonly length: number;
  /** False for a year, month or week, which mean their first day; a time of day cannot follow. */
  readonly complete: boolean;
}

/** A time of day in milliseconds since midnight; 24:00 is the next midnight. */
interface ClockPart {
  readonly milliseconds: number;
  readonly length: number;
}

/**
 * Parses ISO 8601 as Celery does, by dateutil's `isoparse`. Date alone or with a time after `T`, a space or any one
 * character; basic and extended forms, week and ordinal dates, minutes only, fractions of a second of any length (the
 * instant has milliseconds, the string keeps all), `Z`, `+HH:MM`, `+HHMM`, `+HH`, or no offset, which is UTC.
 *
 * @throws ProtocolError `time-invalid` for any other string, and for years outside 1 to 9999.
 */
export function parseIso(text: string): WireTime {
  const epochMs = text.length <= LONGEST_TEXT ? instant(text) : null;
  if (epochMs === null) throw notATime(text);
  return { epochMs, text };
}

/**
 * Formats an instant as Python's `datetime.isoformat` does in UTC: `2024-05-06T07:08:09.123000+00:00`, and without the
 * fraction when it is zero.
 *
 * @param epochMs - milliseconds since the epoch; parts of a millisecond are dropped.
 * @throws ProtocolError `time-invalid` outside the years 1 to 9999, the range of Python.
 */
export function formatIso(epochMs: number): string {
  const date = new Date(Math.floor(epochMs));
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) {
    throw new ProtocolError("time-invalid", "local", `The time is outside the years 1 to 9999: ${epochMs} ms.`);
  }
  const text = date.toISOString();
  const seconds = text.slice(0, 19);
  const fraction = text.slice(20, 23);
  return fraction === "000" ? `${seconds}+00:00` : `${seconds}.${fraction}000+00:00`;
}

function instant(text: string): number | null {
  const date = readDate(text);
  if (date === null) return null;
  const midnight = date.days * DAY_MS;
  if (text.length === date.length) return midnight;
  const rest = text.slice(date.length + 1);
  const clock = readClock(rest);
  if (clock === null || rest === "" || !date.complete || midnight + clock.milliseconds >= END_OF_YEARS) return null;
  const offsetMs = readOffset(rest.slice(clock.length));
  return offsetMs === null ? null : midnight + clock.milliseconds - offsetMs;
}

function readDate(text: string): DatePart | null {
  return readWeek(text) ?? readOrdinal(text) ?? readCalendar(text);
}

function readCalendar(text: string): DatePart | null {
  const match = CALENDAR.exec(text);
  if (match === null) return null;
  const month = match[2] ?? match[4];
  const day = match[3] ?? match[5];
  return datePart(match, daysOf(Number(match[1]), Number(month ?? 1), Number(day ?? 1)), day);
}

function readWeek(text: string): DatePart | null {
  const match = WEEK.exec(text);
  if (match === null) return null;
  const week = Number(match[2] ?? match[4]);
  const day = match[3] ?? match[5];
  const weekday = Number(day ?? 1);
  const fourth = daysOf(Number(match[1]), 1, 4);
  if (fourth === null || week < 1 || week > 53 || weekday < 1 || weekday > 7) return null;
  // ISO 8601: week 1 holds the 4th of January, and the epoch was a Thursday.
  const firstMonday = fourth - ((((fourth + 3) % 7) + 7) % 7);
  return datePart(match, firstMonday + (week - 1) * 7 + weekday - 1, day);
}

function readOrdinal(text: string): DatePart | null {
  const match = ORDINAL.exec(text);
  if (match === null) return null;
  const year = Number(match[1]);
  const first = daysOf(year, 1, 1);
  const day = Number(match[2]);
  const longest = daysOf(year, 2, 29) === null ? 365 : 366;
  return first === null || day < 1 || day > longest ? null : datePart(match, first + day - 1, match[2]);
}

function datePart(match: RegExpExecArray, days: number | null, day: string | undefined): DatePart | null {
  return days === null ? null : { days, length: match[0].length, complete: day !== undefined };
}

/** Days since the epoch, or null for an invalid date. */
function daysOf(year: number, month: number, day: number): number | null {
  if (year < 1) return null;
  // `Date.UTC` maps years below 100 to the twentieth century; the calendar repeats every 400 years of 146 097 days.
  const date = new Date(Date.UTC(year + 400, month - 1, day));
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() / DAY_MS - 146_097 : null;
}

/** Reads a time of day; an offset alone follows midnight. */
function readClock(text: string): ClockPart | null {
  const match = (text[2] === ":" ? EXTENDED_CLOCK : BASIC_CLOCK).exec(text);
  if (match === null) return { milliseconds: 0, length: 0 };
  const hour = Number(match[1]);
  const minute = Number(match[2] ?? 0);
  const second = Number(match[3] ?? 0);
  const fractionMs = Number((match[4] ?? "").slice(0, 3).padEnd(3, "0"));
  const milliseconds = ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs;
  if (minute > 59 || second > 59 || milliseconds > DAY_MS) return null;
  return { milliseconds, length: match[0].length };
}

function readOffset(text: string): number | null {
  if (text === "") return 0;
  const match = OFFSET.exec(text);
  if (match === null) return null;
  const hours = Number(match[2] ?? 0);
  const minutes = Number(match[3] ?? 0);
  const seconds = Number(match[4] ?? 0);
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  const size = ((hours * 60 + minutes) * 60 + seconds) * 1000;
  return match[1] === "-" ? -size : size;
}

function notATime(text: string): ProtocolError {
  const shown = JSON.stringify(text.slice(0, LONGEST_TEXT));
  return new ProtocolError(
    "time-invalid",
    "remote",
    `${shown} is not an ISO 8601 time. Write it as 2024-05-06T07:08:09+00:00.`,
  );
}
