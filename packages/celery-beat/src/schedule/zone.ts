import { CeleryError } from "@leveret/celery-amqp";

/** Local time in a time zone. Local times are written as if they were UTC, in milliseconds. */
export interface Zone {
  readonly name: string;
  /** Local time at an instant. */
  wallOf(epochMs: number): number;
  /**
   * The instant of a local time. A time that comes twice is the first of both; a skipped one counts as if the clock had
   * not been changed yet (Python's `fold=0`, PEP 495).
   */
  instantOf(wallMs: number): number;
}

const dayMs = 86_400_000;

/**
 * A time zone by its name in the IANA database, as this Node knows it.
 *
 * @throws CeleryError `option-invalid` for an unknown name
 */
export function zone(name: string): Zone {
  const format = formatter(name);
  const offset = remembered((epochMs) => wallAt(format, epochMs) - epochMs);
  return {
    name,
    wallOf: (epochMs) => epochMs + offset(epochMs),
    instantOf: (wallMs) => {
      const [before, after] = [offset(wallMs - dayMs), offset(wallMs + dayMs)];
      const [early, late] = [wallMs - before, wallMs - after];
      if (before === after || offset(early) === before) return early;
      return offset(late) === after ? late : early;
    },
  };
}

const quarterMs = 900_000;

/** No zone changes its clock within a quarter of an hour; a request to the platform is slow. */
function remembered(offsetAt: (epochMs: number) => number): (epochMs: number) => number {
  const known = new Map<number, number>();
  return (epochMs) => {
    const quarter = Math.floor(epochMs / quarterMs) * quarterMs;
    const offset = known.get(quarter) ?? offsetAt(quarter);
    if (known.size > 1_000) known.clear();
    known.set(quarter, offset);
    return offset;
  };
}

function formatter(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    throw new CeleryError(
      "option-invalid",
      `timezone is ${JSON.stringify(timeZone)}: it must be a name such as "UTC" or "Europe/Berlin"`,
      { cause: error },
    );
  }
}

function wallAt(format: Intl.DateTimeFormat, epochMs: number): number {
  const parts = new Map(format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}
