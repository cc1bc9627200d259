import { formatIso, isReady, type ResultMeta, type TaskMessage, type Tree } from "@leveret/celery-protocol";
import { setOwn } from "@leveret/celery-protocol/wire";

/** The worker's facts for a stored result. */
export interface StoredFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether the call and the worker are stored too. */
  readonly extended: boolean;
  readonly nodeName: string;
}

/** A result with the fields that Celery stores of its task. Source: celery/backends/base.py `_get_result_meta`. */
export function storedMeta(meta: ResultMeta, task: TaskMessage, facts: StoredFacts): ResultMeta {
  const dateDone = isReady(meta.status) ? (meta.dateDone ?? formatIso(facts.now)) : null;
  return { ...meta, dateDone, extra: { ...familyOf(task), ...(facts.extended && callOf(task, facts)), ...meta.extra } };
}

function familyOf({ group, parentId }: TaskMessage): Readonly<Record<string, Tree>> {
  return { ...(group !== null && { group_id: group }), ...(parentId !== null && { parent_id: parentId }) };
}

function callOf(task: TaskMessage, { nodeName }: StoredFacts): Readonly<Record<string, Tree>> {
  const { args, kwargs, retries, stampedHeaders, stamps } = task;
  const call: Record<string, Tree> = {
    name: task.task,
    args,
    kwargs,
    worker: nodeName,
    retries,
    queue: task.deliveryInfo?.routingKey ?? null,
  };
  if (stampedHeaders === null || stampedHeaders.length === 0) return call;
  setOwn(call, "stamped_headers", stampedHeaders);
  for (const name of stampedHeaders) setOwn(call, name, stamps[name] ?? null);
  return call;
}
