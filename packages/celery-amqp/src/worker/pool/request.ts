import { type TaskMessage, toValue, type WireTime } from "@leveret/celery-protocol";
import type { TaskRequest } from "../../task/request.ts";

/** What a handler may know of the message that it runs for. */
export function requestOf(message: TaskMessage, hostname: string): TaskRequest {
  const { id, task, deliveryInfo, correlationId, replyTo, priority, persistent, expirationMs, timeLimit } = message;
  const { appId = null } = message;
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
    properties: { correlationId, replyTo, priority, deliveryMode: persistent ? 2 : 1, expirationMs, appId },
    isEager: false,
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
  | "isEager"
>;

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
