import type { Content } from "../content/content.ts";
import { checkHeaderSize } from "../wire/header-size.ts";
import type { HeaderTable, WireMessage, WireProperties } from "../wire/message.ts";
import { encodeBody } from "./body.ts";
import { encodeHeaders } from "./headers.ts";
import type { TaskMessage } from "./message.ts";
import { encodeVersion1 } from "./v1.ts";

/**
 * Encodes a task in its protocol.
 *
 * @throws ProtocolError `encode-failed` for arguments that cannot be encoded, `content-unknown` or
 * `compression-unknown` for a serializer or compression without a plug-in, `headers-too-large` for headers larger than
 * a frame.
 */
export function encodeTask(task: TaskMessage, content: Content): WireMessage {
  const { serializer, compression, properties: own } = task;
  const body = task.protocol === 1 ? encodeVersion1(task) : encodeBody(task);
  const encoded = content.encode(body, { serializer, compression });
  const headers =
    task.protocol === 1 ? customHeaders(task, encoded.compression) : encodeHeaders(task, encoded.compression);
  checkHeaderSize(headers);
  const written = properties(task, encoded.contentType, encoded.contentEncoding);
  return { headers, properties: own === undefined ? written : { ...own, ...written }, body: encoded.body };
}

function customHeaders(task: TaskMessage, compression: string | null): HeaderTable {
  return compression === null ? task.extraHeaders : { ...task.extraHeaders, compression };
}

function properties(task: TaskMessage, contentType: string, contentEncoding: string): WireProperties {
  return {
    contentType,
    contentEncoding,
    persistent: task.persistent,
    priority: task.priority ?? undefined,
    correlationId: task.correlationId ?? undefined,
    replyTo: task.replyTo ?? undefined,
    expirationMs: task.expirationMs ?? undefined,
  };
}
