import { asNumber, asObject, asText } from "../content/fields.ts";
import { DateTime } from "../content/lossless.ts";
import type { Tree } from "../content/tree.ts";
import type { TaskMessage } from "../task/message.ts";
import { expirationMs, newTask } from "../task/new-task.ts";
import type { Signature } from "../task/signature.ts";
import { decodeSignature } from "../task/signature-codec.ts";
import { formatIso, parseIso } from "../time/iso8601.ts";
import type { WireTime } from "../time/wire-time.ts";
import type { Address } from "../wire/message.ts";
import { Draft, type DraftOptions, listOf, type OptionValue, toSignature, toTree } from "./draft.ts";
import type { Mint } from "./mint.ts";

/** A task message to send. */
export interface Sending {
  readonly task: TaskMessage;
  /** Where its options say; null is routed by `routeName`. */
  readonly to: Address | null;
  /** The name to route by: that of the task, or of the task that a map or starmap calls. */
  readonly routeName: string;
}

/** The task that is running while others are sent: Celery's `current_worker_task`. */
export interface Caller {
  readonly id: string;
  readonly rootId: string | null;
  /** Handed down where the caller's priority is to be inherited, null else: Celery's `task_inherit_parent_priority`. */
  readonly priority: number | null;
}

/** One call: the task with its arguments, and what is said of it. */
export interface Call {
  readonly task: string;
  readonly args: readonly Tree[];
  readonly kwargs: Readonly<Record<string, Tree>>;
  readonly options: Readonly<DraftOptions>;
}

/**
 * The message of one call by its options. A countdown goes before an eta; 0 is none. The priority is 0 where none is said,
 * also with a named queue, for which Celery may leave it out: RabbitMQ 4.3 takes an absent one as 4. Source: celery/app/base.py `send_task`, celery/app/amqp.py `as_task_v2`.
 *
 * @throws ProtocolError `time-invalid` for an eta or expires that is no time, `message-invalid` for a link that is no
 * signature.
 */
export function composeCall({ task, args, kwargs, options }: Call, mint: Mint, caller: Caller | null): Sending {
  const id = asText(options["task_id"]) ?? mint.id();
  const to = addressOf(options);
  const message = newTask({
    id,
    task,
    args,
    kwargs,
    correlationId: id,
    replyTo: asText(options["reply_to"]) ?? mint.replyTo,
    ...familyOf(options, id, caller),
    ...membershipOf(options),
    retries: asNumber(options["retries"]) ?? 0,
    origin: mint.origin,
    argsRepr: asText(options["argsrepr"]),
    kwargsRepr: asText(options["kwargsrepr"]),
    callbacks: listOf(options["link"]).map(decodeSignature),
    errbacks: listOf(options["link_error"]).map(decodeSignature),
    timeLimit: { hardSeconds: asNumber(options["time_limit"]), softSeconds: asNumber(options["soft_time_limit"]) },
    shadow: asText(options["shadow"]),
    ignoreResult: options["ignore_result"] === true,
    replacedTaskNesting: asNumber(options["replaced_task_nesting"]) ?? 0,
    extraHeaders: { ...asObject(toTree(options["headers"] ?? null)) },
    ...timesOf(options, mint.now),
    ...stampsOf(options),
    ...deliveryOf(options, caller),
  });
  return { task: message, to, routeName: asText(options["route_name"]) ?? task };
}

function familyOf(options: Readonly<DraftOptions>, id: string, caller: Caller | null): Partial<TaskMessage> {
  return {
    rootId: given(options["root_id"]) ?? (caller === null ? id : (caller.rootId ?? caller.id)),
    parentId: given(options["parent_id"]) ?? caller?.id ?? null,
  };
}

function membershipOf(options: Readonly<DraftOptions>): Partial<TaskMessage> {
  const chain = options["chain"] ?? null;
  return {
    group: given(options["group_id"]),
    groupIndex: asNumber(options["group_index"]),
    chain: chain === null ? null : listOf(chain).map(decodeSignature),
    chord: bodyOf(options["chord"]),
  };
}

function bodyOf(chord: OptionValue | undefined): Signature | null {
  if (chord instanceof Draft) return toSignature(chord);
  return chord === undefined || chord === null ? null : decodeSignature(chord);
}

function timesOf(options: Readonly<DraftOptions>, now: number): Partial<TaskMessage> {
  const countdown = asNumber(options["countdown"]) ?? 0;
  const eta = countdown === 0 ? timeOf(options["eta"], now) : timeOf(countdown, now);
  const expires = timeOf(options["expires"], now);
  return { eta, expires, expirationMs: expires && expirationMs(expires, now) };
}

/** A number is seconds from now; a text or a datetime is a point in time. */
function timeOf(value: OptionValue | undefined, now: number): WireTime | null {
  if (typeof value === "string") return parseIso(value);
  if (value instanceof DateTime) return { epochMs: value.epochMs, text: value.text };
  const seconds = asNumber(value);
  if (seconds === null) return null;
  const epochMs = now + seconds * 1000;
  return { epochMs, text: formatIso(epochMs) };
}

/** Each stamp is an option of its own name, listed in `stamped_headers`. */
function stampsOf(options: Readonly<DraftOptions>): Partial<TaskMessage> {
  const { stamped_headers: listed = null } = options;
  if (listed === null) return {};
  const names = listOf(listed).filter((name) => typeof name === "string");
  return { stampedHeaders: names, stamps: Object.fromEntries(names.map((name) => [name, options[name] ?? null])) };
}

function deliveryOf(options: Readonly<DraftOptions>, caller: Caller | null): Partial<TaskMessage> {
  const inherited =
    given(options["root_id"]) === null || given(options["parent_id"]) === null ? caller?.priority : null;
  const serializer = asText(options["serializer"]);
  const compression = asText(options["compression"]);
  return {
    priority: asNumber(options["priority"]) ?? inherited ?? 0,
    ...(serializer === null ? {} : { serializer }),
    ...(compression === null ? {} : { compression }),
    ...(asNumber(options["delivery_mode"]) === 1 ? { persistent: false } : {}),
  };
}

function addressOf(options: Readonly<DraftOptions>): Address | null {
  const queue = given(options["queue"]) ?? given(options["queue"], "name");
  const exchange = given(options["exchange"]);
  const routingKey = given(options["routing_key"]);
  if (exchange !== null) return { exchange, routingKey: routingKey ?? queue ?? "" };
  const key = queue ?? routingKey;
  return key === null ? null : { exchange: "", routingKey: key };
}

/** A text that says something; the empty one counts as none, as in Python. */
function given(value: OptionValue | undefined, member?: string): string | null {
  if (member === undefined) return asText(value) || null;
  return value instanceof Draft ? null : given(asObject(value)?.[member]);
}
