import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import type { CallOptions } from "../task/call-options.ts";

interface Check {
  readonly passes: (value: unknown) => boolean;
  readonly wanted: string;
}

/** AMQP carries names and ids as short strings (AMQP 0-9-1, 4.2.5.3). */
const maxNameBytes = 255;

const earliestMs = Date.parse("0001-01-01T00:00:00Z");
const endMs = Date.UTC(10_000, 0);

/** Celery's own headers: overwriting one would make another message of it. */
const reservedHeaders: ReadonlySet<string> = new Set(
  (
    "lang task id shadow eta expires group group_index retries timelimit root_id parent_id argsrepr kwargsrepr origin " +
    "ignore_result replaced_task_nesting stamped_headers stamps compression"
  ).split(" "),
);

const name: Check = { passes: isName, wanted: `a string of 1 to ${maxNameBytes} bytes` };
const text: Check = { passes: (value) => typeof value === "string", wanted: "a string" };
const flag: Check = { passes: (value) => typeof value === "boolean", wanted: "true or false" };
const table: Check = { passes: isTable, wanted: "an object" };
const date: Check = { passes: isDate, wanted: "a valid Date, in the years 1 to 9999" };
const duration: Check = {
  passes: (value) => typeof value === "number" || typeof value === "string",
  wanted: 'seconds as a number, or a string such as "10s"',
};
const signatures: Check = { passes: isSignatures, wanted: "task.s(…), or a list of them" };

const checks: Readonly<Record<keyof CallOptions, Check>> = {
  queue: name,
  exchange: name,
  routingKey: { passes: (value) => value === "" || isName(value), wanted: `a string of at most ${maxNameBytes} bytes` },
  shardKey: text,
  countdown: duration,
  eta: date,
  expires: { passes: (value) => date.passes(value) || duration.passes(value), wanted: `${duration.wanted}, or a Date` },
  priority: { passes: isPriority, wanted: "an integer from 0 to 255" },
  id: name,
  headers: { passes: isHeaders, wanted: `an object without Celery's own headers (${[...reservedHeaders].join(", ")})` },
  ignoreResult: flag,
  timeLimit: duration,
  softTimeLimit: duration,
  serializer: name,
  compression: { passes: (value) => value === null || isName(value), wanted: "a compression's name, or null" },
  shadow: text,
  argsRepr: text,
  kwargsRepr: text,
  replyTo: name,
  protocol: { passes: (value) => value === 1 || value === 2, wanted: "1 or 2" },
  persistent: flag,
  stamps: table,
  rootId: name,
  parentId: name,
  link: signatures,
  linkError: signatures,
  publishTimeout: duration,
  signal: { passes: (value) => value instanceof AbortSignal, wanted: "an AbortSignal" },
};

/**
 * Refuses options of the wrong type and unknown ones. Durations are parsed later, where they are used.
 *
 * @param where - the call, for the error
 * @throws CeleryError `option-invalid`
 */
export function checkCallOptions(options: CallOptions, where: string): void {
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, option)) {
      throw new CeleryError(
        "option-invalid",
        `${where}: there is no option "${option}"; there are ${Object.keys(checks).join(", ")}`,
      );
    }
    const { passes, wanted } = checks[option as keyof CallOptions];
    if (!passes(value))
      throw new CeleryError("option-invalid", `${where}: ${option} must be ${wanted}; it is ${showValue(value)}`);
  }
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && Buffer.byteLength(value) <= maxNameBytes;
}

function isTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHeaders(value: unknown): boolean {
  return isTable(value) && Object.keys(value as object).every((header) => !reservedHeaders.has(header));
}

/** Python's datetime knows the years 1 to 9999. */
function isDate(value: unknown): boolean {
  return value instanceof Date && value.getTime() >= earliestMs && value.getTime() < endMs;
}

function isPriority(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
}

function isSignatures(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isSignature) : isSignature(value);
}

function isSignature(value: unknown): boolean {
  return typeof value === "object" && value !== null && Reflect.get(value, "kind") === "signature";
}
