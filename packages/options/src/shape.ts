import { nearest } from "./nearest.ts";

/** One thing that is wrong with a value of options. */
export interface Wrong {
  /** Path from the checked value: `amqp.heartbeat`, `queues[0].type`; empty for the value itself. */
  readonly path: string;
  readonly fault: "unknown" | "missing" | "unfit";
  /** The value at the path; not set where it is missing or its name is unknown. */
  readonly value?: unknown;
  /** What is wrong with the value where that is more than its kind. */
  readonly reason?: string;
  /** The instruction for the reader of the error, a sentence without its full stop: `Give an integer from 1`. */
  readonly remedy: string;
}

/** Checks one value. Never throws, whatever getters and proxies the value has. */
export type Shape = (value: unknown) => readonly Wrong[];

const none: readonly Wrong[] = [];

/** The single finding that a value is unfit. */
export function fail(value: unknown, remedy: string, path = ""): readonly Wrong[] {
  return [{ path, fault: "unfit", value, remedy }];
}

/**
 * A shape for values that pass a test.
 *
 * @param wanted - noun phrase for the error: `an integer from 1`
 */
export function shape(wanted: string, fits: (value: unknown) => boolean): Shape {
  return (value) => {
    try {
      if (fits(value)) return none;
    } catch {
      // A getter or a proxy that throws fits nothing.
    }
    return fail(value, `Give ${wanted}`);
  };
}

/** Whether a value is an object and no list; false for a revoked proxy. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !isList(value);
}

function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return true;
  }
}

/** Any string. */
export const string: Shape = shape("a string", (value) => typeof value === "string");

/** A string that is not empty. */
export function text(wanted: string = "a string that is not empty"): Shape {
  return shape(wanted, (value) => typeof value === "string" && value !== "");
}

/** True or false. */
export const flag: Shape = shape("true or false", (value) => typeof value === "boolean");

/** A number in a range; without bounds any finite one. */
export function number(least: number = -Number.MAX_VALUE, most: number = Number.MAX_VALUE): Shape {
  return shape(
    `a number${range(least, most)}`,
    (value) => typeof value === "number" && value >= least && value <= most,
  );
}

/** An integer in a range. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): Shape {
  return shape(
    `an integer${range(least, most)}`,
    (value) => typeof value === "number" && Number.isInteger(value) && value >= least && value <= most,
  );
}

function range(least: number, most: number): string {
  if (least === -Number.MAX_VALUE) return "";
  return most >= Number.MAX_SAFE_INTEGER ? ` from ${least}` : ` from ${least} to ${most}`;
}

/** One of some values. */
export function oneOf(...values: readonly (string | number | boolean | null)[]): Shape {
  const words = values.map((value) => JSON.stringify(value));
  const wanted = words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${words.at(-1)}` : words.join("");
  return shape(wanted, (value) => values.some((each) => each === value));
}

/** Any object that is no list. */
export const object: Shape = shape("an object", isObject);

/** A function. */
export const functions: Shape = shape("a function", (value) => typeof value === "function");

/** An instance of one of the classes. */
export function instance(wanted: string, ...classes: readonly (abstract new (...args: never) => unknown)[]): Shape {
  return shape(wanted, (value) => classes.some((each) => value instanceof each));
}

/** A valid Date. */
export const date: Shape = shape("a valid Date", (value) => value instanceof Date && !Number.isNaN(value.getTime()));

/** An object, of a class or plain, that has these methods. */
export function methods(wanted: string, ...names: readonly string[]): Shape {
  return shape(
    `${wanted} with ${names.join(", ")}`,
    (value) => isObject(value) && names.every((name) => typeof value[name] === "function"),
  );
}

/** A shape, or null. */
export function orNull(each: Shape): Shape {
  return (value) => (value === null ? none : extend(each(value), ", or null"));
}

/** What fits the first shape or the second. An object is judged by the first, any other value by the second. */
export function either(first: Shape, second: Shape): Shape {
  return (value) => {
    const wrongs = first(value);
    if (wrongs.length === 0) return none;
    const others = second(value);
    if (others.length === 0) return none;
    const [left, right] = [wrongs[0], others[0]];
    if (isDeep(left)) return wrongs;
    if (isDeep(right)) return others;
    return fail(value, `${left?.remedy}, or ${right?.remedy.replace(/^Give /, "")}`);
  };
}

/** The refusal has more details than the kind of the value. */
function isDeep(wrong: Wrong | undefined): boolean {
  return wrong?.path !== "" || wrong.fault !== "unfit" || wrong.reason !== undefined;
}

/** A list whose items have a shape. */
export function list(
  each: Shape,
  { least = 0, wanted = "a list" }: { readonly least?: number; readonly wanted?: string } = {},
): Shape {
  const whole = shape(wanted, (value) => Array.isArray(value) && value.length >= least);
  return (value) => {
    const wrongs = whole(value);
    if (wrongs.length > 0) return wrongs;
    // The index reaches the holes of a sparse list, too.
    const items = Array.from({ length: (value as readonly unknown[]).length }, (_, index) => index);
    return items.flatMap((index) => member(value as object, String(index), `[${index}]`, each));
  };
}

/** A list with one item for each of the shapes. */
export function tuple(wanted: string, ...items: readonly Shape[]): Shape {
  const whole = shape(wanted, (value) => Array.isArray(value) && value.length === items.length);
  return (value) => {
    const wrongs = whole(value);
    if (wrongs.length > 0) return wrongs;
    return items.flatMap((each, index) => member(value as object, String(index), `[${index}]`, each));
  };
}

/** One value, or a list of them. */
export function oneOrMany(each: Shape, { least = 1 }: { readonly least?: number } = {}): Shape {
  const many = list(each, { least, wanted: "a list that is not empty" });
  return (value) => (isList(value) ? many(value) : extend(each(value), ", or a list"));
}

/**
 * An object whose names are free. Members that are undefined are passed over.
 *
 * @param named - the shape of each name. Default: any name
 */
export function record(each: Shape, named: Shape = string): Shape {
  return (value) => {
    const names = namesOf(value);
    if (names === null) return fail(value, "Give an object");
    return names.flatMap((name) => {
      const step = `[${JSON.stringify(name)}]`;
      return member(value as object, name, step, (entry) => [...named(name), ...each(entry)]);
    });
  };
}

/** A shape for each option of an interface; the name of an option without a default ends in `*`. */
export type Shapes<Options extends object> = {
  readonly [Name in keyof Options as undefined extends Options[Name] ? Name : `${Name & string}*`]-?: Shape;
};

/** An object of options: each name has its shape, other names are refused. Members that are undefined count as left out. */
export function props<Options extends object = Readonly<Record<string, unknown>>>(shapes: Shapes<Options>): Shape {
  const entries = Object.entries<Shape>(shapes as Readonly<Record<string, Shape>>);
  const known = new Map(entries.map(([name, each]) => [name.replace("*", ""), each]));
  const required = entries.filter(([name]) => name.endsWith("*")).map(([name]) => name.slice(0, -1));
  return (value) => {
    const names = namesOf(value);
    if (names === null) return fail(value, "Give an object");
    const wrongs = names.flatMap((name) =>
      member(value as object, name, name, known.get(name) ?? (() => unknown(name, known))),
    );
    const missing = required.filter((name) => isLeftOut(value as object, name));
    return [...wrongs, ...missing.map((name): Wrong => ({ path: name, fault: "missing", remedy: "Give it" }))];
  };
}

function isLeftOut(value: object, name: string): boolean {
  try {
    return Reflect.get(value, name) === undefined;
  } catch {
    return false;
  }
}

/** Own enumerable names; null where the value is no readable object. */
function namesOf(value: unknown): readonly string[] | null {
  if (!isObject(value)) return null;
  try {
    return Object.keys(value);
  } catch {
    return null;
  }
}

function member(whole: object, name: string, step: string, each: Shape): readonly Wrong[] {
  let value: unknown;
  try {
    value = Reflect.get(whole, name);
  } catch {
    return [{ path: step, fault: "unfit", remedy: "Give a value that can be read: its getter throws" }];
  }
  if (value === undefined && !step.startsWith("[")) return none;
  if (value === undefined && !isList(whole)) return none;
  const wrongs = each(value);
  return wrongs.length === 0 ? none : wrongs.map((wrong) => within(step, wrong));
}

function within(step: string, { path, ...wrong }: Wrong): Wrong {
  return { ...wrong, path: path === "" || path.startsWith("[") ? `${step}${path}` : `${step}.${path}` };
}

function extend(wrongs: readonly Wrong[], more: string): readonly Wrong[] {
  return wrongs.map((wrong) => (wrong.path === "" ? { ...wrong, remedy: `${wrong.remedy}${more}` } : wrong));
}

function unknown(name: string, known: ReadonlyMap<string, Shape>): readonly Wrong[] {
  const meant = nearest(name, known.keys());
  const remedy =
    meant === null ? `Leave it out; there are ${[...known.keys()].join(", ")}` : `Did you mean \`${meant}\`?`;
  return [{ path: "", fault: "unknown", remedy }];
}
