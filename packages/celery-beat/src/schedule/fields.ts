import { CeleryError } from "@leveret/celery-amqp";

/** The names of the fields. */
export type FieldName = "minute" | "hour" | "dayOfWeek" | "dayOfMonth" | "monthOfYear";

/** One field of a crontab: its number of values, and the first. */
export interface Field {
  readonly name: FieldName;
  readonly size: number;
  readonly first: number;
}

/** The fields by Celery's ranges: Sunday is 0, and 7 is invalid. Source: celery/schedules.py `crontab`. */
export const fields: Readonly<Record<FieldName, Field>> = {
  minute: { name: "minute", size: 60, first: 0 },
  hour: { name: "hour", size: 24, first: 0 },
  dayOfWeek: { name: "dayOfWeek", size: 7, first: 0 },
  dayOfMonth: { name: "dayOfMonth", size: 31, first: 1 },
  monthOfYear: { name: "monthOfYear", size: 12, first: 1 },
};

/** Numbers, or a string such as `*`, `5`, `1-5`, `mon-fri`, `10-2/2` or several with commas between. */
export type FieldSpec = string | number | readonly number[];

const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * The values of a field, in order. Ranges may wrap (`22-2`, `fri-mon`) and count their steps from their first value;
 * names are compared by their first three letters. Source: celery/schedules.py `crontab_parser`.
 *
 * @throws CeleryError `option-invalid`
 */
export function expandField(spec: FieldSpec, field: Field): readonly number[] {
  const values = typeof spec === "string" ? spec.split(",").flatMap((part) => expandPart(part, field)) : [spec].flat();
  if (values.length === 0) refuse(spec, field);
  for (const value of values) if (!Number.isInteger(value) || !isWithin(value, field)) refuse(spec, field);
  return [...new Set(values)].toSorted((a, b) => a - b);
}

/** Syntax of a part; Celery checks only its beginning, this package all of it. */
const part = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\w+))?$/;

function expandPart(text: string, field: Field): readonly number[] {
  const [, star, from, to, steps] = part.exec(text) ?? refuse(text, field);
  if (star === undefined && to === undefined && steps !== undefined) refuse(text, field);
  const all = star === undefined ? range(numberOf(from ?? "", field), to, field) : sequence(field.first, last(field));
  const step = steps === undefined ? 1 : Number(steps);
  if (!Number.isInteger(step) || step < 1) refuse(text, field);
  return all.filter((_, index) => index % step === 0);
}

function range(from: number, end: string | undefined, field: Field): readonly number[] {
  if (end === undefined) return [from];
  const to = numberOf(end, field);
  return to < from ? [...sequence(from, last(field)), ...sequence(field.first, to)] : sequence(from, to);
}

/** A month's name is its number in every field, as in Celery. */
function numberOf(text: string, field: Field): number {
  const name = text.slice(0, 3).toLowerCase();
  const month = months.indexOf(name) + 1;
  const named = month > 0 ? month : days.indexOf(name);
  const value = /^\d+$/.test(text) ? Number(text) : named;
  return value >= 0 && isWithin(value, field) ? value : refuse(text, field);
}

function sequence(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function last({ first, size }: Field): number {
  return first + size - 1;
}

function isWithin(value: number, field: Field): boolean {
  return value >= field.first && value <= last(field);
}

function refuse(spec: unknown, field: Field): never {
  throw new CeleryError(
    "option-invalid",
    `crontab: ${field.name} is ${JSON.stringify(spec)}: give ${field.first} to ${last(field)}, such as "*", "*/2", "1-5" or "1,3"${hint(field)}`,
  );
}

function hint({ name }: Field): string {
  if (name === "dayOfWeek") return ', or days such as "mon-fri"';
  return name === "monthOfYear" ? ', or months such as "jan,apr"' : "";
}
