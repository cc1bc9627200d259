import { tryUtf8 } from "../content/utf8.ts";
import { isPlainObject } from "../content/plain-object.ts";
import type { WireMessage } from "../wire/message.ts";

/** Bodies beyond this are not opened for a look. */
const LARGEST_BODY = 1024 * 1024;

/** What can be known of a message whatever state it is in. */
export interface Peek {
  readonly id: string | null;
  readonly task: string | null;
  readonly replyTo: string | null;
  readonly correlationId: string | null;
}

/**
 * Reads what is readable of a task message that does not decode, so that its sender can be told and its dead letter be
 * found. Never throws.
 */
export function peekTask(message: WireMessage): Peek {
  const { headers, properties } = message;
  const fields = "task" in headers ? headers : bodyOf(message);
  return {
    id: readable(fields["id"]),
    task: readable(fields["task"]),
    replyTo: readable(properties.replyTo),
    correlationId: readable(properties.correlationId),
  };
}

function bodyOf({ body }: WireMessage): Readonly<Record<string, unknown>> {
  if (body.length > LARGEST_BODY) return {};
  try {
    const value: unknown = JSON.parse(tryUtf8(body) ?? "");
    return isPlainObject(value) ? value : {};
  } catch {
    return {};
  }
}

function readable(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}
