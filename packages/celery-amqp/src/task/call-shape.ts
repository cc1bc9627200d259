import {
  date,
  duration,
  either,
  flag,
  instance,
  integer,
  object,
  oneOf,
  oneOrMany,
  orNull,
  props,
  record,
  type Shape,
  shape,
  type Shapes,
  string,
} from "@leveret/options";
import { checkOptions } from "../ports/options.ts";
import type { CallOptions } from "./call-options.ts";

/** AMQP carries names and ids as short strings (AMQP 0-9-1, 4.2.5.3). */
const maxNameBytes = 255;

const earliestMs = Date.parse("0001-01-01T00:00:00Z");
const endMs = Date.UTC(10_000, 0);

/** Celery's own headers: overwriting one would make another message of it. */
const reservedHeaders: ReadonlySet<unknown> = new Set(
  (
    "lang task id shadow eta expires group group_index retries timelimit root_id parent_id argsrepr kwargsrepr origin " +
    "ignore_result replaced_task_nesting stamped_headers stamps compression"
  ).split(" "),
);

/**
 * A string that fits into a short string of AMQP.
 *
 * @param bytes - the longest
 */
export function name(bytes: number = maxNameBytes): Shape {
  return shape(
    `a string of 1 to ${bytes} bytes`,
    (value) => typeof value === "string" && value !== "" && Buffer.byteLength(value) <= bytes,
  );
}

const ofMessage = name();
const time = duration();
/** Python's datetime knows the years 1 to 9999. */
const pythonDate = shape(
  "a valid Date, in the years 1 to 9999",
  (value) => date(value).length === 0 && (value as Date).getTime() >= earliestMs && (value as Date).getTime() < endMs,
);
const ownHeader = shape(
  `a header that is none of Celery's own (${[...reservedHeaders].join(", ")})`,
  (value) => !reservedHeaders.has(value),
);
const signatures = oneOrMany(
  shape(
    "a call made by task.s(…)",
    (value) => typeof value === "object" && value !== null && Reflect.get(value, "kind") === "signature",
  ),
  { least: 0 },
);

/** The shape of each option of a call. */
export const callShapes: Shapes<CallOptions> = {
  queue: ofMessage,
  exchange: ofMessage,
  routingKey: either(ofMessage, oneOf("")),
  shardKey: string,
  countdown: time,
  eta: pythonDate,
  expires: either(pythonDate, time),
  priority: integer(0, 255),
  id: ofMessage,
  headers: record(() => [], ownHeader),
  ignoreResult: flag,
  timeLimit: time,
  softTimeLimit: time,
  serializer: ofMessage,
  compression: orNull(ofMessage),
  shadow: string,
  argsRepr: string,
  kwargsRepr: string,
  replyTo: ofMessage,
  protocol: oneOf(1, 2),
  persistent: flag,
  stamps: object,
  rootId: ofMessage,
  parentId: ofMessage,
  link: signatures,
  linkError: signatures,
  publishTimeout: time,
  signal: instance("an AbortSignal", AbortSignal),
};

const callShape = props<CallOptions>(callShapes);

/**
 * Refuses options of the wrong type, and unknown ones.
 *
 * @param owner - the call, for the error
 * @throws CeleryError `option-invalid`
 */
export function checkCallOptions(options: CallOptions, owner: string): void {
  checkOptions(callShape, options, owner);
}
