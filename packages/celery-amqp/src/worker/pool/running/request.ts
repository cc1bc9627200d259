import { type TaskMessage, toValue, type Tree, type WireTime } from "@leveret/celery-protocol";
import type { TaskRequest } from "../../../task/request.ts";

/**
 * What a handler may know of the message that it runs for.
 *
 * @param children - result tuples of what the run has sent so far
 */
export function requestOf(message: TaskMessage, hostname: string, children: () => readonly Tree[]): TaskRequest {
  const { id, task, deliveryInfo, correlationId, replyTo, priority, persistent, expirationMs, timeLimit } = message;
  const { messageId = null, type = null, appId = null, timestampSeconds = null } = message.properties ?? {};
  return {
    ...callOf(message),
    id,
    task,
    rootId: message.rootId ?? id,
    parentId: message.parentId,
    timeLimit,
    replyTo,
    correlationId,
    hostname,
    deliveryInfo: deliveryInfo && { ...deliveryInfo, priority },
    properties: {
      correlationId,
      replyTo,
      priority,
      deliveryMode: persistent ? 2 : 1,
      expirationMs,
      messageId,
      type,
      appId,
      timestampSeconds,
    },
    utc: message.utc ?? null,
    taskset: message.group,
    get children() {
      return children().map(idOf);
    },
    calledDirectly: false,
    isEager: false,
    loglevel: null,
    logfile: null,
  };
}

type CallFields = Exclude<
  keyof TaskRequest,
  | "id"
  | "task"
  | "rootId"
  | "parentId"
  | "timeLimit"
  | "replyTo"
  | "correlationId"
  | "hostname"
  | "deliveryInfo"
  | "properties"
  | "utc"
  | "taskset"
  | "children"
  | "calledDirectly"
  | "isEager"
  | "loglevel"
  | "logfile"
>;

/** The id in a result tuple, `[[id, parent], children]`. */
function idOf(tuple: Tree): string {
  const [node = null] = Array.isArray(tuple) ? tuple : [];
  const [id = null] = Array.isArray(node) ? node : [];
  return String(id);
}

function callOf(message: TaskMessage): Pick<TaskRequest, CallFields> {
  const { group, groupIndex, chord, chain, callbacks, errbacks, retries, origin, shadow, ignoreResult } = message;
  const { replacedTaskNesting, stampedHeaders, stamps, lang, argsRepr, kwargsRepr, extraHeaders: headers } = message;
  return {
    group,
    groupIndex,
    chord,
    chain,
    callbacks,
    errbacks,
    retries,
    origin,
    shadow,
    ignoreResult,
    replacedTaskNesting,
    stampedHeaders,
    stamps,
    lang,
    argsRepr,
    kwargsRepr,
    headers,
    args: toValue(message.args) as readonly unknown[],
    kwargs: toValue(message.kwargs) as Readonly<Record<string, unknown>>,
    eta: dateOf(message.eta),
    expires: dateOf(message.expires),
  };
}

function dateOf(time: WireTime | null): Date | null {
  return time && new Date(time.epochMs);
}
