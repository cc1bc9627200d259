import type { Content } from "../content/content.ts";
import { readBody } from "../content/message-body.ts";
import { isPlainObject } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import type { HeaderTable, WireMessage, WireProperties } from "../wire/message.ts";
import { kindOf } from "../wire/show.ts";
import { type BodyFields, bodyFields, decodeBody } from "./body.ts";
import { invalid } from "./fields.ts";
import { customHeaders, decodeHeaders, extraHeaders, type HeaderFields } from "./headers.ts";
import type { DeliveryInfo, SenderProperties, TaskMessage } from "./message.ts";
import { decodeVersion1 } from "./v1.ts";

/** Names of Celery's own serializers by content type. */
const SERIALIZERS: ReadonlyMap<string, string> = new Map([
  ["application/json", "json"],
  ["application/x-yaml", "yaml"],
  ["application/x-msgpack", "msgpack"],
  ["application/data", "auth"],
]);

/**
 * Decodes a task message of protocol 2 (with a header `task`), protocol 1 (without), or the hybrid of both.
 *
 * @throws ProtocolError `message-invalid` for a message that is not a task, or not a valid one; and the errors of
 * `Content.decode` for its body.
 */
export function decodeTask(
  message: WireMessage,
  content: Content,
  deliveryInfo: DeliveryInfo | null = null,
): TaskMessage {
  const { headers, properties } = message;
  const body = readBody(message, content);
  const fields = "task" in headers ? version2(headers, body) : version1(headers, body);
  return { ...fields, ...delivery(properties, headers), deliveryInfo };
}

type Fields = HeaderFields & BodyFields & Pick<TaskMessage, "protocol" | "extraHeaders" | "utc">;

function version2(headers: HeaderTable, body: Tree): Fields {
  const rest = { protocol: 2, extraHeaders: extraHeaders(headers) } as const;
  if (Array.isArray(body)) return { ...decodeHeaders(headers), ...decodeBody(body), ...rest };
  if (isPlainObject(body) && "args" in body) return { ...hybrid(headers, body), ...rest };
  throw invalid(`its body is ${kindOf(body)}, not [args, kwargs, embed]`);
}

/** Headers of protocol 2 with a body of protocol 1: the headers win. */
function hybrid(headers: HeaderTable, body: Readonly<Record<string, Tree>>): HeaderFields & BodyFields {
  return {
    ...decodeHeaders({ ...body, ...headers }),
    ...bodyFields(body["args"], body["kwargs"], { ...body, chain: null }),
  };
}

function version1(headers: HeaderTable, body: Tree): Fields {
  if (!isPlainObject(body)) throw invalid(`its headers have no task and its body is ${kindOf(body)}, not an object`);
  return { protocol: 1, ...decodeVersion1(body), extraHeaders: customHeaders(headers) };
}

function delivery(
  properties: WireProperties,
  headers: HeaderTable,
): Pick<
  TaskMessage,
  "replyTo" | "correlationId" | "priority" | "expirationMs" | "persistent" | "serializer" | "compression" | "properties"
> {
  const { contentType = "", replyTo, correlationId, priority, expirationMs, persistent } = properties;
  const own = ownProperties(properties);
  return {
    replyTo: nonEmpty(replyTo),
    correlationId: nonEmpty(correlationId),
    priority: priority ?? null,
    expirationMs: expirationMs ?? null,
    // Celery's default where the message has none.
    persistent: persistent ?? true,
    serializer: SERIALIZERS.get(contentType) ?? contentType,
    compression: nonEmpty(headers["compression"]),
    ...(own === null ? {} : { properties: own }),
  };
}

function ownProperties({ messageId, type, appId, timestampSeconds }: WireProperties): SenderProperties | null {
  const isNone = (messageId ?? type ?? appId ?? timestampSeconds) === undefined;
  return isNone ? null : { messageId, type, appId, timestampSeconds };
}

function nonEmpty(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
