import type { WireMessage } from "@leveret/celery-protocol";
import type { ConsumeMessage } from "amqplib";
import { contentHeaderOf } from "./guard.ts";

/** Converts a delivered message to a `WireMessage`. The body is not copied: it is a view on amqplib's buffer. */
export function fromEnvelope(message: ConsumeMessage): WireMessage {
  const { headers, properties } = contentHeaderOf(message);
  return { headers, properties, body: message.content };
}
