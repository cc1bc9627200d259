import { asNumber, asObject, asText } from "../content/fields.ts";
import { DateTime } from "../content/lossless.ts";
import type { Tree } from "../content/tree.ts";
import type { TaskMessage } from "../task/message.ts";
import { expirationMs, newTask } from "../task/new-task.ts";
import type { WireSignature } from "../task/signature.ts";
import { decodeSignature } from "../task/signature-codec.ts";
import { formatIso, parseIso } from "../time/iso8601.ts";
import type { WireTime } from "../time/wire-time.ts";
import { ProtocolError } from "../wire/errors.ts";
import { Draft, type DraftOptions, listOf, type OptionValue, toSignature, toTree } from "./draft.ts";
import type { Mint, WireRoute } from "./mint.ts";

/** A task message to send, and its routing. */
export interface Sending {
  /** The message. */
  readonly task: TaskMessage;
  /** Destination of the message. */
  readonly to: Routing;
}

/** The routing of a message by call and route; null where neither sets it. The sender knows the existing queues. */
export interface Routing {
  /** Name of the queue. */
  readonly queue: string | null;
  /** Name of the exchange. */
  readonly exchange: string | null;
  /** Routing key. */
  readonly routingKey: string | null;
  /** The name whose route applies: that of the task, or of the task that a map or starmap calls. */
  readonly routeName: string;
  /** Whether the call names queue, exchange or routing key, and not its route. */
  readonly isNamed: boolean;
}

/** The running task that sends others: Celery's `current_worker_task`. */
export interface Caller {
  /** Id of the task. */
  readonly id: string;
  /** Id of the first task of its workflow. */
  readonly rootId: string | null;
  /** The inherited priority; null where it is not inherited. Celery's `task_inherit_parent_priority`. */
  readonly priority: number | null;
}

/** One call: the task with its arguments, and its options. */
export interface Call extends CallArguments {
  /** Name of the task. */
  readonly task: string;
  /** By Celery's names. */
  readonly options: Readonly<DraftOptions>;
}

/** Arguments of a call. */
export interface CallArguments {
  /** Positional arguments. */
  readonly args: readonly Tree[];
  /** Keyword arguments. */
  readonly kwargs: Readonly<Record<string, Tree>>;
}

/** The common part of all messages of a call, without ids, times and arguments. Created by `callTerms`. */
export interface CallTerms {
  /** Destination of the message. */
  readonly to: Routing;
  /** Fields that are equal in each message. */
  readonly message: Omit<
    TaskMessage,
    "id" | "rootId" | "parentId" | "replyTo" | "correlationId" | "eta" | "expires" | "priority"
  >;
  /** Id of the task; null for a new one. */
  readonly id: string | null;
  /** Root id that the options name; null for none. */
  readonly rootId: string | null;
  /** Parent id that the options name; null for none. */
  readonly parentId: string | null;
  /** Reply queue that the options name; null for none. */
  readonly replyTo: string | null;
  /** Priority that the options name; null for none. */
  readonly priority: number | null;
  /** Earliest time of the run; null for none. */
  readonly eta: Moment | null;
  /** Time after which the task does not run; null for none. */
  readonly expires: Moment | null;
}

/** A point in time, or seconds from the time of sending. */
export type Moment = WireTime | number;

/**
 * Composes the message of one call, by its options and, where it has none, those of its route. Source:
 * celery/app/base.py `send_task`, celery/app/amqp.py `as_task_v2`.
 *
 * @throws ProtocolError as `callTerms` and `composeBy`.
 */
export function composeCall(call: Call, mint: Mint, caller: Caller | null): Sending {
  const { task, options } = call;
  const routeName = asText(options["route_name"]) ?? mappedBy(call) ?? task;
  const route = mint.routeOf?.(routeName, task) ?? nowhere;
  return composeBy(callTerms(task, options, route, routeName), call, mint, caller);
}

/** The task that a map, starmap or chunks call, by which Celery routes it (celery/canvas.py `_basemap.apply_async`). */
export function mappedBy({ task, kwargs }: Pick<Call, "task" | "kwargs">): string | null {
  return mapping.has(task) ? asText(asObject(kwargs["task"])?.["task"]) : null;
}

const mapping: ReadonlySet<string> = new Set(["celery.map", "celery.starmap", "celery.chunks"]);

const nowhere: WireRoute = { options: {} };

/**
 * Merges the options of a call over those of its route. A countdown overrides an eta; 0 is none. A null option is
 * absent, except for `compression`: null is no compression.
 *
 * @throws ProtocolError `time-invalid` for an invalid eta or expires, `message-invalid` for an invalid link,
 * `option-invalid` for an eta in protocol 1, whose workers would run the task at once.
 */
export function callTerms(
  task: string,
  said: Readonly<DraftOptions>,
  route: WireRoute,
  routeName: string = task,
): CallTerms {
  const options = merged(route.options, said);
  const countdown = asNumber(options["countdown"]) ?? 0;
  const eta = countdown === 0 ? momentOf(options["eta"]) : countdown;
  const { protocol = 2 } = route;
  if (protocol === 1 && eta !== null) {
    const hint = "eta and countdown do not reach a protocol 1 route, its workers would run the task at once";
    throw new ProtocolError("option-invalid", "local", `${hint}. Send the task when it is due.`);
  }
  return {
    to: routingOf(routeName, options, said),
    message: { ...messageOf(task, options), protocol },
    id: asText(options["task_id"]),
    rootId: given(options["root_id"]),
    parentId: given(options["parent_id"]),
    replyTo: asText(options["reply_to"]),
    priority: asNumber(options["priority"]),
    eta,
    expires: momentOf(options["expires"]),
  };
}

/**
 * Composes the message of one call. A task without a caller is its own root. The default priority is 0, also with a
 * named queue, where Celery may leave it out: RabbitMQ 4.3 treats an absent one as 4.
 *
 * @param id - of the task, where its terms have none. Default: a new one.
 * @throws ProtocolError `time-invalid` for a time that Python cannot read.
 */
export function composeBy(
  terms: CallTerms,
  { args, kwargs }: CallArguments,
  mint: Mint,
  caller: Caller | null,
  id: string = terms.id ?? mint.id(),
): Sending {
  const { rootId, parentId, to } = terms;
  const expires = timeAt(terms.expires, mint.now, "expires");
  const inherited = rootId === null || parentId === null ? (caller?.priority ?? null) : null;
  const task: TaskMessage = {
    ...terms.message,
    id,
    args,
    kwargs,
    correlationId: id,
    rootId: rootId ?? (caller === null ? id : (caller.rootId ?? caller.id)),
    parentId: parentId ?? caller?.id ?? null,
    replyTo: terms.replyTo ?? mint.replyTo,
    origin: mint.origin,
    eta: timeAt(terms.eta, mint.now, "eta"),
    expires,
    expirationMs: expires && expirationMs(expires, mint.now),
    priority: terms.priority ?? inherited ?? 0,
  };
  return { task, to };
}

/** A queue of the call excludes the exchange of its route, and an exchange of the call the queue of its route. */
function merged(route: WireRoute["options"], said: Readonly<DraftOptions>): Readonly<DraftOptions> {
  const heard = Object.entries(said).filter(([name, value]) => value !== null || name === "compression");
  const queue = queueOf(said);
  const isElsewhere = given(said["exchange"]) !== null || (queue !== null && queue !== queueOf(route));
  const { queue: _queue, exchange: _exchange, routing_key: _key, ...others } = route;
  return { ...(isElsewhere ? others : route), ...Object.fromEntries(heard) };
}

function messageOf(task: string, options: Readonly<DraftOptions>): TaskMessage {
  const serializer = asText(options["serializer"]);
  return newTask({
    id: "",
    task,
    ...membershipOf(options),
    retries: asNumber(options["retries"]) ?? 0,
    argsRepr: asText(options["argsrepr"]),
    kwargsRepr: asText(options["kwargsrepr"]),
    callbacks: listOf(options["link"]).map(decodeSignature),
    errbacks: listOf(options["link_error"]).map(decodeSignature),
    timeLimit: { hardSeconds: asNumber(options["time_limit"]), softSeconds: asNumber(options["soft_time_limit"]) },
    shadow: asText(options["shadow"]),
    ignoreResult: options["ignore_result"] === true,
    replacedTaskNesting: asNumber(options["replaced_task_nesting"]) ?? 0,
    extraHeaders: { ...asObject(toTree(options["headers"] ?? null)) },
    ...stampsOf(options),
    ...(serializer === null ? {} : { serializer }),
    compression: asText(options["compression"]),
    // kombu's number and name of a transient message.
    persistent: asNumber(options["delivery_mode"]) !== 1 && options["delivery_mode"] !== "transient",
  });
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

function bodyOf(chord: OptionValue | undefined): WireSignature | null {
  if (chord instanceof Draft) return toSignature(chord);
  return chord === undefined || chord === null ? null : decodeSignature(chord);
}

/** A number is seconds from now; a string or a datetime is a point in time. */
function momentOf(value: OptionValue | undefined): Moment | null {
  if (typeof value === "string") return parseIso(value);
  if (value instanceof DateTime) return { epochMs: value.epochMs, text: value.text };
  return asNumber(value);
}

function timeAt(moment: Moment | null, now: number, option: string): WireTime | null {
  if (typeof moment !== "number") return moment;
  const epochMs = now + Math.round(moment * 1000);
  if (epochMs < endOfYears) return { epochMs, text: formatIso(epochMs) };
  const what = `${option} is after the year 9999, which Python cannot read`;
  throw new ProtocolError("time-invalid", "local", `${what}. Choose an earlier time.`);
}

const endOfYears = Date.UTC(10_000, 0);

/** Each stamp is an option with the stamp's name, listed in `stamped_headers`. */
function stampsOf(options: Readonly<DraftOptions>): Partial<TaskMessage> {
  const { stamped_headers: listed = null } = options;
  if (listed === null) return {};
  const names = listOf(listed).filter((name) => typeof name === "string");
  return { stampedHeaders: names, stamps: Object.fromEntries(names.map((name) => [name, options[name] ?? null])) };
}

function routingOf(routeName: string, options: Readonly<DraftOptions>, said: Readonly<DraftOptions>): Routing {
  return {
    queue: queueOf(options),
    exchange: given(options["exchange"]),
    routingKey: asText(options["routing_key"]),
    routeName,
    isNamed: queueOf(said) !== null || given(said["exchange"]) !== null || asText(said["routing_key"]) !== null,
  };
}

/** The queue's name, or that of a queue written as an object by Celery. */
function queueOf({ queue }: Readonly<DraftOptions>): string | null {
  return given(queue) ?? (queue instanceof Draft ? null : given(asObject(queue)?.["name"]));
}

/** A non-empty string; an empty one is absent, as in Python. An empty routing key is valid. */
function given(value: OptionValue | undefined): string | null {
  return asText(value) || null;
}
