import type { Content } from "../content/content.ts";
import { asList, asObject, asText } from "../content/fields.ts";
import { readBody, writeMessage } from "../content/message-body.ts";
import { setOwn } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import { ProtocolError } from "../wire/errors.ts";
import type { WireMessage } from "../wire/message.ts";
import { decodeException, encodeException, travelsBy } from "./exception-codec.ts";
import type { ResultMeta, WireException } from "./meta.ts";
import { isReady } from "./state.ts";
import { decodeResultTuple, encodeResultTuple, type ResultTuple } from "./tuple.ts";

/** Options of a result message. */
export interface ResultMessageOptions {
  /** Name of the serializer. Default `json`. */
  readonly serializer?: string | undefined;
  /** The task's own correlation id. Default: the task id. */
  readonly correlationId?: string | null | undefined;
  /** Delivery mode 2, Celery's `result_persistent`. Default false. */
  readonly persistent?: boolean | undefined;
}

/**
 * A result as Celery's `rpc://` sends it, for the default exchange and the queue in the task's `replyTo`. Without
 * `date_done` and `extra`; values on which Python clients fail are refused. Never compressed, as in Celery. Source:
 * celery/backends/rpc.py `_to_result`, `store_result`.
 *
 * @throws ProtocolError `encode-failed` for a result that the serializer cannot encode, `option-invalid` for a meta
 * that no reader accepts: an empty task id, children that are not result tuples, a custom state with the name of a
 * built-in one.
 */
export function encodeResult(meta: ResultMeta, content: Content, options: ResultMessageOptions = {}): WireMessage {
  const { task_id, status, result, traceback, children } = coreOf(meta, content, options.serializer);
  const correlationId = options.correlationId ?? meta.taskId;
  return writeMessage({ task_id, status, result, traceback, children }, content, {
    serializer: options.serializer,
    properties: { persistent: options.persistent ?? false, correlationId },
  });
}

/** Options of a result for a per-task queue. */
export interface PerTaskResultOptions {
  /** Name of the serializer. Default `json`, all that gocelery and celery.node read. */
  readonly serializer?: string | undefined;
  /** Now, whole seconds since the epoch; gocelery sets the property. Default: none. */
  readonly timestampSeconds?: number | undefined;
}

/**
 * A result as gocelery sends it, for the default exchange and the queue of `perTaskResultQueue`. Its clients read one
 * message of a queue, so only the final state is sent; gocelery's client waits forever on any status but SUCCESS, while
 * celery.node's and this project's accept all. Source: gocelery's amqp_backend.go and message.go.
 *
 * @throws ProtocolError as `encodeResult`, and `option-invalid` for a state that is not final.
 */
export function encodePerTaskResult(
  meta: ResultMeta,
  content: Content,
  options: PerTaskResultOptions = {},
): WireMessage {
  const { serializer, timestampSeconds } = options;
  if (!isReady(meta.status)) throw refused(meta, "only the final state may go to the queue of one task");
  const { task_id, status, traceback, result, children } = coreOf(meta, content, serializer);
  const properties = { persistent: true, correlationId: meta.taskId, timestampSeconds };
  return writeMessage({ task_id, status, traceback, result, children }, content, { serializer, properties });
}

/**
 * Reads a result message of any backend over AMQP. Only task id and status are required; the id may be the correlation
 * id.
 *
 * @throws ProtocolError `message-invalid` where the body is not a result, and the errors of `Content.decode`.
 */
export function decodeResult(message: WireMessage, content: Content): ResultMeta {
  return metaOf(readBody(message, content), message.properties.correlationId);
}

/** Options of a stored value, which the store does not record. */
export interface ResultBodyOptions {
  /** Name of the serializer, Celery's `result_serializer`. Default `json`. */
  readonly serializer?: string | undefined;
}

/**
 * A result as key-value backends such as Redis store it: with `date_done`, with all of `extra`, and the task id last.
 * Source: celery/backends/base.py `_get_result_meta`; recorded values.
 *
 * @throws ProtocolError as `encodeResult`.
 */
export function encodeResultBody(meta: ResultMeta, content: Content, options: ResultBodyOptions = {}): Uint8Array {
  const { task_id, ...core } = coreOf(meta, content, options.serializer);
  const record: Record<string, Tree> = { ...core, date_done: meta.dateDone };
  for (const [key, value] of inOrder(meta.extra)) setOwn(record, key, value);
  setOwn(record, "task_id", task_id);
  return content.encode(record, { serializer: options.serializer }).body;
}

/** Options of reading a stored value, which the store does not record. */
export interface StoredResultOptions {
  /** Content type of the store's serializer. Default `application/json`. */
  readonly contentType?: string | undefined;
  /** Charset of the store's serializer. Default `utf-8`. */
  readonly contentEncoding?: string | undefined;
  /** The id in the key, for values without it: gocelery leaves it empty. */
  readonly taskId?: string | undefined;
}

/**
 * Reads a stored result.
 *
 * @throws ProtocolError as `decodeResult`.
 */
export function decodeResultBody(body: Uint8Array, content: Content, options: StoredResultOptions = {}): ResultMeta {
  return metaOf(readStored(body, content, options), options.taskId);
}

/**
 * A saved group as key-value backends store it: `{"result": tuple}`. Source: celery/backends/base.py `_save_group`.
 *
 * @throws ProtocolError `encode-failed` where the serializer fails.
 */
export function encodeGroupBody(group: ResultTuple, content: Content, options: ResultBodyOptions = {}): Uint8Array {
  return content.encode({ result: encodeResultTuple(group) }, { serializer: options.serializer }).body;
}

/**
 * Decodes a saved group.
 *
 * @throws ProtocolError `message-invalid` where the value is not a group, and the errors of `Content.decode`.
 */
export function decodeGroupBody(body: Uint8Array, content: Content, options: StoredResultOptions = {}): ResultTuple {
  const record = asObject(readStored(body, content, options)) ?? invalid("it is not an object");
  return decodeResultTuple(record["result"] ?? null);
}

/** The tree of a stored value. */
export function readStored(body: Uint8Array, content: Content, options: StoredResultOptions): Tree {
  const { contentType = "application/json", contentEncoding = "utf-8" } = options;
  return content.decode({ contentType, contentEncoding, body });
}

interface Core {
  readonly status: string;
  readonly result: Tree;
  readonly traceback: string | null;
  readonly children: readonly Tree[] | null;
  readonly task_id: string;
}

function coreOf(meta: ResultMeta, content: Content, serializer: string | undefined): Core {
  if (meta.taskId === "") throw refused(meta, "it has no task id");
  checkChildren(meta);
  const { taskId: task_id, traceback, children } = meta;
  return { status: stateOf(meta), result: resultOf(meta, content, serializer), traceback, children, task_id };
}

const OWN_FORM: ReadonlySet<string> = new Set(["SUCCESS", "FAILURE", "REVOKED", "RETRY", "STARTED"]);

function stateOf(meta: ResultMeta): string {
  if (meta.status !== "OTHER") return meta.status;
  if (meta.state === "" || OWN_FORM.has(meta.state))
    throw refused(meta, `its state cannot be ${JSON.stringify(meta.state)}`);
  return meta.state;
}

/**
 * Tasks without a result return undefined, which is written as null: a Python client fails where the key is missing.
 */
export function resultOf(meta: ResultMeta, content: Content, serializer: string | undefined): Tree {
  switch (meta.status) {
    case "FAILURE":
    case "REVOKED":
    case "RETRY":
      return meta.exception === null ? null : encodeException(meta.exception, travelsBy(content, serializer));
    default:
      return meta.result ?? null;
  }
}

/** A child that is not a tuple breaks all waits of a Python client. */
function checkChildren(meta: ResultMeta): void {
  try {
    meta.children?.forEach(decodeResultTuple);
  } catch (error) {
    throw refused(meta, "its children must be result tuples", error);
  }
}

const CORE_KEYS: ReadonlySet<string> = new Set(["status", "result", "traceback", "children", "date_done", "task_id"]);
const EXTRA_ORDER = [
  "group_id",
  "parent_id",
  "name",
  "args",
  "kwargs",
  "worker",
  "retries",
  "queue",
  "stamped_headers",
];

/** Celery's order, then the rest in the order of the message. */
function inOrder(extra: ResultMeta["extra"]): readonly (readonly [string, Tree])[] {
  const known = EXTRA_ORDER.filter((key) => Object.hasOwn(extra, key));
  const keys = new Set([...known, ...Object.keys(extra)]);
  return [...keys].filter((key) => !CORE_KEYS.has(key)).map((key) => [key, extra[key] ?? null]);
}

function metaOf(tree: Tree, knownId: string | undefined): ResultMeta {
  const record = asObject(tree) ?? invalid("it is not an object");
  const taskId = asText(record["task_id"]) || knownId || invalid("it has no task id");
  const status = asText(record["status"]) || invalid("it has no status");
  const base = {
    taskId,
    traceback: asText(record["traceback"]),
    children: asList(record["children"]),
    dateDone: asText(record["date_done"]),
    extra: extraOf(record),
  };
  return { ...base, ...outcomeOf(status, record["result"] ?? null) };
}

/** A state and its result, without the rest of the meta. */
export type Outcome<Meta = ResultMeta> = Meta extends ResultMeta
  ? Omit<Meta, "taskId" | "traceback" | "children" | "dateDone" | "extra">
  : never;

const FAILED: WireException = { type: "Exception", module: "builtins", args: [] };
const REVOKED: WireException = { type: "TaskRevokedError", module: "celery.exceptions", args: ["revoked"] };

/** Reads the result of a state. */
export function outcomeOf(status: string, result: Tree): Outcome {
  switch (status) {
    case "SUCCESS":
    case "STARTED":
      return { status, result };
    case "FAILURE":
      return { status, exception: decodeException(result, FAILED) };
    case "REVOKED":
      return { status, exception: decodeException(result, REVOKED) };
    case "RETRY":
      return { status, exception: result === null ? null : decodeException(result, FAILED) };
    default:
      return { status: "OTHER", state: status, result };
  }
}

function extraOf(record: Readonly<Record<string, Tree>>): Readonly<Record<string, Tree>> {
  const extra: Record<string, Tree> = {};
  for (const [key, value] of Object.entries(record)) if (!CORE_KEYS.has(key)) setOwn(extra, key, value);
  return extra;
}

function invalid(reason: string): never {
  throw new ProtocolError("message-invalid", "remote", `The message is not a result: ${reason}.`);
}

function refused(meta: ResultMeta, reason: string, cause?: unknown): ProtocolError {
  const text = `The ${meta.status} result of task ${JSON.stringify(meta.taskId)} cannot be encoded: ${reason}.`;
  return new ProtocolError("option-invalid", "local", text, cause === undefined ? undefined : { cause });
}
