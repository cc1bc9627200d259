const DAY = /^(\d{4})-?(\d{2})-?(\d{2})/;
const CLOCK = /(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,6})\d*)?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/** `datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)`, as Python's `repr`. */
export function reprDateTime(text: string): string {
  const day = DAY.exec(text);
  // Week and ordinal dates: Python never writes them, so the string itself is shown.
  if (day === null) return `datetime.datetime.fromisoformat('${text}')`;
  return `datetime.datetime(${[...numbers(day), ...clock(text.slice(day[0].length + 1))].join(", ")})`;
}

/** `datetime.date(2024, 2, 29)`. */
export function reprDate(text: string): string {
  return `datetime.date(${text.split("-").map(Number).join(", ")})`;
}

/** `datetime.time(13, 14, 15, 16)`. */
export function reprTime(text: string): string {
  return `datetime.time(${clock(text).join(", ")})`;
}

function numbers([, year, month, day]: RegExpExecArray): readonly number[] {
  return [Number(year), Number(month), Number(day)];
}

/** Hour, minute, and second and microsecond where they are not zero, then the zone. */
function clock(text: string): readonly (string | number)[] {
  const [, hour, minute, second = "0", fraction = "0", zone] = CLOCK.exec(text) ?? [];
  const parts: (string | number)[] = [Number(hour ?? 0), Number(minute ?? 0)];
  const microsecond = Number(fraction.padEnd(6, "0"));
  if (Number(second) !== 0 || microsecond !== 0) parts.push(Number(second));
  if (microsecond !== 0) parts.push(microsecond);
  if (zone !== undefined) parts.push(`tzinfo=${timezone(zone)}`);
  return parts;
}

function timezone(zone: string): string {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  const seconds = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60;
  if (seconds === 0) return "datetime.timezone.utc";
  const delta = sign === "-" ? `days=-1, seconds=${86_400 - seconds}` : `seconds=${seconds}`;
  return `datetime.timezone(datetime.timedelta(${delta}))`;
}
