import type { Content } from "../content/content.ts";
import { asList, asNumber, asObject, asText } from "../content/fields.ts";
import { readBody, writeMessage } from "../content/message-body.ts";
import { setOwn } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { Address, WireMessage } from "../wire/message.ts";
import type { ControlReply, ControlRequest } from "./message.ts";

/**
 * A request as kombu publishes it, for the control exchange with the empty routing key. Source: kombu/pidbox.py
 * `Mailbox._publish`.
 *
 * @throws ProtocolError `encode-failed` for arguments that the serializer cannot encode.
 */
export function encodeControlRequest(request: ControlRequest, content: Content): WireMessage {
  const { method, destination, pattern, matcher } = request;
  const body = { method, arguments: request.arguments, destination, pattern, matcher, ...replyFields(request) };
  const headers = { clock: request.clock, expires: request.expires ?? 0 };
  return writeMessage(body, content, { headers, properties: { persistent: true } });
}

function replyFields({ ticket, replyTo }: ControlRequest): object {
  if (replyTo === null) return {};
  return { ticket, reply_to: { exchange: replyTo.exchange, routing_key: replyTo.routingKey } };
}

/**
 * Reads a request. Everything but `method` may be missing.
 *
 * @throws ProtocolError `message-invalid` where the body is not a request, and the errors of `Content.decode`.
 */
export function decodeControlRequest(message: WireMessage, content: Content): ControlRequest {
  const body = asObject(readBody(message, content)) ?? invalid("request", "its body is not an object");
  return {
    method: asText(body["method"]) || invalid("request", "it has no method"),
    arguments: optional(body["arguments"], asObject, "arguments") ?? {},
    destination: optional(body["destination"], asNodeNames, "destination"),
    pattern: optional(body["pattern"], asText, "pattern"),
    matcher: optional(body["matcher"], asText, "matcher"),
    ticket: optional(body["ticket"], asText, "ticket"),
    replyTo: optional(body["reply_to"], asAddress, "reply_to"),
    clock: asNumber(message.headers["clock"]) ?? 0,
    expires: asNumber(message.headers["expires"]) || null,
  };
}

/** A field that may be missing or null, but not of another type: guessing could address the wrong worker. */
function optional<Field>(tree: Tree | undefined, read: (tree: Tree) => Field | null, name: string): Field | null {
  if (tree === undefined || tree === null) return null;
  return read(tree) ?? invalid("request", `its ${name} is of the wrong type`);
}

function asNodeNames(tree: Tree): readonly string[] | null {
  const names = asList(tree)?.filter((name) => typeof name === "string");
  return names?.length === asList(tree)?.length ? (names ?? null) : null;
}

function asAddress(tree: Tree): Address | null {
  const table = asObject(tree);
  const exchange = asText(table?.["exchange"]);
  const routingKey = asText(table?.["routing_key"]);
  return exchange === null || routingKey === null ? null : { exchange, routingKey };
}

/**
 * A worker's reply as kombu publishes it, for the address in `replyTo` of the request. Source: kombu/pidbox.py
 * `Mailbox._publish_reply`.
 *
 * @throws ProtocolError `encode-failed` for a reply that the serializer cannot encode.
 */
export function encodeControlReply(reply: ControlReply, content: Content): WireMessage {
  const body: Record<string, Tree> = {};
  setOwn(body, reply.nodeName, reply.reply);
  const headers = { ticket: reply.ticket, clock: reply.clock };
  return writeMessage(body, content, { headers, properties: { persistent: false } });
}

/**
 * Reads a reply.
 *
 * @throws ProtocolError `message-invalid` where the body is not one node name with its reply, and the errors of
 * `Content.decode`.
 */
export function decodeControlReply(message: WireMessage, content: Content): ControlReply {
  const body = asObject(readBody(message, content)) ?? invalid("reply", "its body is not an object");
  const [answer, ...others] = Object.entries(body);
  if (answer === undefined || others.length > 0) return invalid("reply", "it is not one node name with its reply");
  const [nodeName, reply] = answer;
  return {
    nodeName,
    reply,
    ticket: asText(message.headers["ticket"]),
    clock: asNumber(message.headers["clock"]) ?? 0,
  };
}

function invalid(what: "request" | "reply", reason: string): never {
  throw new ProtocolError("message-invalid", "remote", `The message is not a control ${what}: ${reason}.`);
}
