import type { Content } from "../content/content.ts";
import { asList, asObject, asText } from "../content/fields.ts";
import { readBody, writeMessage } from "../content/message-body.ts";
import { setOwn } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { Address, WireMessage } from "../wire/message.ts";
import type { CeleryEvent, EventType } from "./event.ts";
import { EVENT_FIELDS, type EventField, LEADING_FIELDS, TIMESTAMP } from "./fields.ts";

/** Options of event messages. */
export interface EventMessageOptions {
  /** Name of the serializer, Celery's `event_serializer`. Default `json`. */
  readonly serializer?: string | undefined;
}

/**
 * One event as a message of its own. Source: celery/events/dispatcher.py `EventDispatcher.publish`.
 *
 * @throws ProtocolError `encode-failed` for a field that the serializer cannot encode.
 */
export function encodeEvent(event: CeleryEvent, content: Content, options: EventMessageOptions = {}): WireMessage {
  return eventMessage(toTree(event), event.hostname, content, options);
}

/**
 * Encodes events of one sender as one message, to publish with `batchAddress`; the list may be empty. Source:
 * celery/events/dispatcher.py `EventDispatcher.flush`.
 *
 * @throws ProtocolError `encode-failed` for a field that the serializer cannot encode.
 */
export function encodeEventBatch(
  events: readonly CeleryEvent[],
  hostname: string,
  content: Content,
  options: EventMessageOptions = {},
): WireMessage {
  return eventMessage(events.map(toTree), hostname, content, options);
}

function eventMessage(body: Tree, hostname: string, content: Content, options: EventMessageOptions): WireMessage {
  const { serializer } = options;
  return writeMessage(body, content, { headers: { hostname }, properties: { persistent: false }, serializer });
}

/**
 * Decodes the events of a message: one, or those of a batch, or none. The routing key does not distinguish them.
 *
 * @throws ProtocolError `message-invalid` where one of them is not an event, and the errors of `Content.decode`.
 */
export function decodeEvents(message: WireMessage, content: Content): readonly CeleryEvent[] {
  const body = readBody(message, content);
  return (asList(body) ?? [body]).map(fromTree);
}

/** Whether events of this type are Celery's own. */
export function isEventType(type: string): type is EventType {
  return EVENT_FIELDS.has(type);
}

/** The type on the wire: `task-received`, or the custom one. */
export function eventTypeOf(event: CeleryEvent): string {
  return event.type === "custom" ? event.customType : event.type;
}

/** The address of an event: `worker-elect-ack` has the routing key `worker.elect.ack`. */
export function eventAddress(event: CeleryEvent, exchange = "celeryev"): Address {
  return { exchange, routingKey: eventTypeOf(event).replaceAll("-", ".") };
}

/** The address of a batch of task events: Celery batches only those. */
export function batchAddress(exchange = "celeryev"): Address {
  return { exchange, routingKey: "task.multi" };
}

function toTree(event: CeleryEvent): Tree {
  const tree: Record<string, Tree> = {};
  writeFields(tree, event, LEADING_FIELDS);
  writeFields(tree, event, EVENT_FIELDS.get(event.type) ?? []);
  for (const [key, value] of Object.entries(event.extra ?? {})) if (!Object.hasOwn(tree, key)) setOwn(tree, key, value);
  writeFields(tree, event, [TIMESTAMP]);
  setOwn(tree, "type", eventTypeOf(event));
  return tree;
}

function writeFields(tree: Record<string, Tree>, event: CeleryEvent, fields: readonly EventField[]): void {
  const values = event as unknown as Readonly<Record<string, unknown>>;
  for (const { name, wireName, kind } of fields) {
    const value = values[name];
    if (value !== undefined) tree[wireName] = kind.write(value);
  }
}

function fromTree(tree: Tree): CeleryEvent {
  const record = asObject(tree) ?? invalid("it is not an object");
  const type = asText(record["type"]) || invalid("it has no type");
  const known = READABLE.get(type);
  const event: Record<string, unknown> = known === undefined ? { type: "custom", customType: type } : { type };
  const extra: Record<string, Tree> = {};
  for (const [key, value] of Object.entries(record)) {
    const field = (known ?? READABLE_OF_CUSTOM).get(key);
    const read = field?.kind.read(value);
    if (field !== undefined && read !== undefined) event[field.name] = read;
    else if (key !== "type") setOwn(extra, key, value);
  }
  return complete(event, extra, known?.has("uuid") ?? false);
}

function complete(event: Record<string, unknown>, extra: Readonly<Record<string, Tree>>, isTask: boolean): CeleryEvent {
  if (!event["hostname"]) return invalid("it has no hostname");
  if (event["timestamp"] === undefined) return invalid("it has no timestamp");
  if (isTask && !event["uuid"]) return invalid("it has no task id");
  event["clock"] ??= 0;
  if (Object.keys(extra).length > 0) event["extra"] = extra;
  return event as unknown as CeleryEvent;
}

function byWireName(own: readonly EventField[]): ReadonlyMap<string, EventField> {
  return new Map([...LEADING_FIELDS, ...own, TIMESTAMP].map((each) => [each.wireName, each]));
}

const READABLE = new Map([...EVENT_FIELDS].map(([type, own]) => [type, byWireName(own)]));
const READABLE_OF_CUSTOM = byWireName([]);

function invalid(reason: string): never {
  throw new ProtocolError("message-invalid", "remote", `The message is not an event: ${reason}.`);
}
