import { setOwn } from "../content/plain-object.ts";
import type { HeaderTable } from "../wire/message.ts";
import {
  type Fields,
  optionalCount,
  optionalFlag,
  optionalText,
  optionalTexts,
  optionalTime,
  remark,
  requiredText,
  table,
  timeLimit,
  unknownFields,
} from "./fields.ts";
import type { TaskMessage } from "./message.ts";
import { argsRepr, kwargsRepr } from "./repr.ts";

/** The headers of protocol 2 by name, in wire order, and `compression`, which kombu adds. */
const KNOWN: ReadonlySet<string> = new Set([
  "lang",
  "task",
  "id",
  "shadow",
  "eta",
  "expires",
  "group",
  "group_index",
  "retries",
  "timelimit",
  "root_id",
  "parent_id",
  "argsrepr",
  "kwargsrepr",
  "origin",
  "ignore_result",
  "replaced_task_nesting",
  "stamped_headers",
  "stamps",
  "compression",
]);

const COMPRESSION: ReadonlySet<string> = new Set(["compression"]);

/** The fields of a task that are headers in protocol 2. */
export type HeaderFields = Pick<
  TaskMessage,
  | "id"
  | "task"
  | "lang"
  | "shadow"
  | "eta"
  | "expires"
  | "retries"
  | "timeLimit"
  | "rootId"
  | "parentId"
  | "group"
  | "groupIndex"
  | "argsRepr"
  | "kwargsRepr"
  | "origin"
  | "ignoreResult"
  | "replacedTaskNesting"
  | "stampedHeaders"
  | "stamps"
>;

/** The headers Celery sends with protocol 2, in its order; custom headers are merged in, `compression` is last. */
export function encodeHeaders(task: TaskMessage, compression: string | null): HeaderTable {
  const headers: Record<string, unknown> = {
    lang: task.lang ?? "js",
    task: task.task,
    id: task.id,
    shadow: task.shadow,
    eta: task.eta === null ? null : task.eta.text,
    expires: task.expires === null ? null : task.expires.text,
    group: task.group,
    group_index: task.groupIndex,
    retries: task.retries,
    timelimit: [task.timeLimit.hardSeconds, task.timeLimit.softSeconds],
    root_id: task.rootId ?? task.id,
    parent_id: task.parentId,
    argsrepr: task.argsRepr ?? argsRepr(task.args),
    kwargsrepr: task.kwargsRepr ?? kwargsRepr(task.kwargs),
    origin: task.origin,
    ignore_result: task.ignoreResult,
    replaced_task_nesting: task.replacedTaskNesting,
    stamped_headers: task.stampedHeaders,
    stamps: task.stamps,
  };
  // Null would be read as false; without the header the task's own policy applies, as it did for the sender.
  if (task.ignoreResult === null) delete headers["ignore_result"];
  for (const key of Object.keys(task.extraHeaders)) setOwn(headers, key, task.extraHeaders[key]);
  if (compression !== null) headers["compression"] = compression;
  return headers;
}

/**
 * Decodes the fields that are headers in protocol 2. Only `task` and `id` are required.
 *
 * @throws ProtocolError `message-invalid` for a field that is invalid for Celery, too.
 */
export function decodeHeaders(fields: Fields): HeaderFields {
  return {
    id: requiredText(fields, "id"),
    task: requiredText(fields, "task"),
    lang: remark(fields, "lang"),
    shadow: remark(fields, "shadow"),
    eta: optionalTime(fields, "eta"),
    expires: optionalTime(fields, "expires"),
    retries: optionalCount(fields, "retries") ?? 0,
    timeLimit: timeLimit(fields, "timelimit"),
    rootId: optionalText(fields, "root_id"),
    parentId: optionalText(fields, "parent_id"),
    group: optionalText(fields, "group"),
    groupIndex: optionalCount(fields, "group_index"),
    argsRepr: remark(fields, "argsrepr"),
    kwargsRepr: remark(fields, "kwargsrepr"),
    origin: remark(fields, "origin"),
    ignoreResult: optionalFlag(fields, "ignore_result"),
    replacedTaskNesting: optionalCount(fields, "replaced_task_nesting") ?? 0,
    stampedHeaders: optionalTexts(fields, "stamped_headers"),
    stamps: table(fields, "stamps"),
  };
}

/** The headers of protocol 2 that are not Celery's own, raw. */
export function extraHeaders(headers: HeaderTable): HeaderTable {
  return unknownFields(headers, KNOWN);
}

/** The headers of protocol 1, raw: all are custom headers, except the compression. */
export function customHeaders(headers: HeaderTable): HeaderTable {
  return unknownFields(headers, COMPRESSION);
}
