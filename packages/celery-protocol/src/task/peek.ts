import type { Content } from "../content/content.ts";
import { asNumber, asObject, asText } from "../content/fields.ts";
import { readBody } from "../content/message-body.ts";
import { isPlainObject } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import { tryUtf8 } from "../content/utf8.ts";
import type { WireMessage } from "../wire/message.ts";
import type { TaskMessage } from "./message.ts";
import { decodeSignature, decodeSignatures } from "./signature-codec.ts";

/** Larger bodies are not peeked at. */
const LARGEST_BODY = 1024 * 1024;

/** The readable fields of a malformed message. */
export interface Peek {
  /** Id of the task. */
  readonly id: string | null;
  /** Name of the task. */
  readonly task: string | null;
  /** Queue that awaits the result. */
  readonly replyTo: string | null;
  /** Correlation id of the result. */
  readonly correlationId: string | null;
}

/**
 * Peeks at a task message that does not decode, so that its sender can get a result and its dead letter be found. Never
 * throws.
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

/** The workflow of a malformed message, as far as it is readable. */
export interface WorkflowPeek extends Pick<
  TaskMessage,
  "rootId" | "group" | "groupIndex" | "chain" | "chord" | "errbacks"
> {
  /** Whether a chord would be readable. Where it is not, a task with a group may be a member of a chord. */
  readonly isChordKnown: boolean;
}

/**
 * Peeks at the workflow of a message that cannot be run. The headers have the group and the index in it; chord, chain
 * and errbacks are in the body, which is decoded only where that is harmless: JSON that `content` accepts, not
 * compressed, of 1 MiB at most. Missing and malformed signatures are left out. Never throws.
 */
export function peekWorkflow(message: WireMessage, content: Content): WorkflowPeek {
  const { headers } = message;
  const embed = embedOf(harmlessBody(message, content));
  const members = embed ?? {};
  const fields: Readonly<Record<string, unknown>> =
    "task" in headers ? headers : { ...members, group: members["taskset"] ?? members["group"] };
  const body = members["chord"] ?? null;
  const chord = body === null ? null : orNull(() => decodeSignature(body));
  return {
    rootId: readable(fields["root_id"]),
    group: asText(fields["group"]),
    groupIndex: asNumber(fields["group_index"]),
    chain: orNull(() => decodeSignatures(members["chain"], "chain")),
    chord,
    isChordKnown: embed !== null && (body === null || chord !== null),
    errbacks: orNull(() => decodeSignatures(members["errbacks"], "errbacks")) ?? [],
  };
}

/** The part of the body with the task's workflow, in protocol 2 or 1. */
function embedOf(body: Tree): Readonly<Record<string, Tree>> | null {
  if (!Array.isArray(body)) return asObject(body);
  const [, , embed = null] = body as readonly Tree[];
  return asObject(embed);
}

function harmlessBody(message: WireMessage, content: Content): Tree {
  const { headers, properties, body } = message;
  const isHarmless = properties.contentType === "application/json" && (headers["compression"] ?? null) === null;
  return isHarmless && body.length <= LARGEST_BODY ? orNull(() => readBody(message, content)) : null;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function readable(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}
