import type { HeaderTable, WireMessage, WireProperties } from "../wire/message.ts";
import type { Content } from "./content.ts";
import type { Tree } from "./tree.ts";

/** Decodes the body of a message by its properties and its `compression` header; throws as `Content.decode`. */
export function readBody(message: WireMessage, content: Content): Tree {
  const { contentType, contentEncoding } = message.properties;
  return content.decode({
    contentType,
    contentEncoding,
    compression: message.headers["compression"],
    body: message.body,
  });
}

/**
 * Encodes a value as a message, with the properties that kombu's `Producer.publish` always sets; throws as
 * `Content.encode`.
 */
export function writeMessage(
  value: unknown,
  content: Content,
  rest: {
    readonly headers?: HeaderTable;
    readonly properties?: WireProperties;
    readonly serializer?: string | undefined;
  },
): WireMessage {
  const { contentType, contentEncoding, body } = content.encode(value, { serializer: rest.serializer });
  return {
    headers: rest.headers ?? {},
    properties: { contentType, contentEncoding, priority: 0, ...rest.properties },
    body,
  };
}
