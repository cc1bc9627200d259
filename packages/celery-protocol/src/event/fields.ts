import { asFlag, asList, asNumber, asText } from "../content/fields.ts";
import { Float } from "../content/lossless.ts";
import type { Tree } from "../content/tree.ts";
import type { EventType } from "./event.ts";

/** Reads and writes one kind of field. `read` returns undefined for a value of another type. */
export interface FieldKind {
  read(tree: Tree): unknown;
  write(value: unknown): Tree;
}

/** One field of an event: its name on the wire and in code. */
export interface EventField {
  readonly wireName: string;
  readonly name: string;
  readonly kind: FieldKind;
}

const asIs = (value: unknown): Tree => value as Tree;
const text: FieldKind = { read: (tree) => asText(tree) ?? undefined, write: asIs };
const textOrNull: FieldKind = { read: (tree) => asText(tree) ?? nullOnly(tree), write: asIs };
const flag: FieldKind = { read: (tree) => asFlag(tree) ?? undefined, write: asIs };
const whole: FieldKind = { read: (tree) => asNumber(tree) ?? undefined, write: asIs };
const wholeOrNull: FieldKind = { read: (tree) => asNumber(tree) ?? nullOnly(tree), write: asIs };
const float: FieldKind = { read: (tree) => asNumber(tree) ?? undefined, write: toFloat };
const floats: FieldKind = { read: readFloats, write: (value) => (value as readonly unknown[]).map(toFloat) };
const anything: FieldKind = { read: (tree) => tree, write: asIs };

function nullOnly(tree: Tree): null | undefined {
  return tree === null ? null : undefined;
}

/** Python writes floats with a point: `2.0`. */
function toFloat(value: unknown): Tree {
  return new Float(value as number);
}

function readFloats(tree: Tree): readonly number[] | undefined {
  const list = asList(tree);
  const numbers = list?.map(asNumber).filter((number) => number !== null);
  return numbers?.length === list?.length ? numbers : undefined;
}

function field(wireName: string, kind: FieldKind): EventField {
  return { wireName, name: wireName.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), kind };
}

/** Fields that stand before those of the type. */
export const LEADING_FIELDS: readonly EventField[] = [
  field("hostname", text),
  field("utcoffset", whole),
  field("pid", whole),
  field("clock", whole),
];

/** Field that stands behind those of the type, before `type` itself. */
export const TIMESTAMP: EventField = field("timestamp", float);

const UUID = field("uuid", text);
const EXCEPTION = [UUID, field("exception", text), field("traceback", textOrNull)];
const SCHEDULE = [field("retries", whole), field("eta", textOrNull), field("expires", textOrNull)];
const DESCRIPTION = [field("name", text), field("args", text), field("kwargs", text)];
const FAMILY = [field("root_id", textOrNull), field("parent_id", textOrNull)];
const DESTINATION = [field("queue", text), field("exchange", text), field("routing_key", text)];
const WORKER = [
  field("freq", float),
  field("active", whole),
  field("processed", whole),
  field("loadavg", floats),
  field("sw_ident", text),
  field("sw_ver", text),
  field("sw_sys", text),
];

/** The own fields of each type, in the order in which Celery writes them. Source: recorded events. */
export const EVENT_FIELDS: ReadonlyMap<string, readonly EventField[]> = new Map<EventType, readonly EventField[]>([
  ["task-sent", [UUID, ...FAMILY, ...DESCRIPTION, ...SCHEDULE, ...DESTINATION]],
  ["task-received", [UUID, ...DESCRIPTION, ...FAMILY, ...SCHEDULE]],
  ["task-started", [UUID]],
  ["task-succeeded", [UUID, field("result", text), field("runtime", float)]],
  ["task-failed", EXCEPTION],
  ["task-retried", EXCEPTION],
  ["task-rejected", [UUID, field("requeue", flag)]],
  ["task-revoked", [UUID, field("terminated", flag), field("signum", wholeOrNull), field("expired", flag)]],
  ["task-cancelled", [UUID]],
  ["worker-online", WORKER],
  ["worker-heartbeat", WORKER],
  ["worker-offline", WORKER],
  ["worker-elect", [field("id", text), field("topic", text), field("action", anything), field("cver", whole)]],
  ["worker-elect-ack", [field("id", text)]],
]);
