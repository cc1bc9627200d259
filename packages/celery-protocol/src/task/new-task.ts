import type { WireTime } from "../time/wire-time.ts";
import type { TaskMessage } from "./message.ts";
import { lifetimeMs } from "../time/lifetime.ts";

const NO_LIMIT: TaskMessage["timeLimit"] = { hardSeconds: null, softSeconds: null };

/** What Celery writes into a message by default (celery/app/amqp.py `as_task_v2`). */
const DEFAULTS: Omit<TaskMessage, "id" | "task"> = {
  protocol: 2,
  args: [],
  kwargs: {},
  lang: "js",
  shadow: null,
  eta: null,
  expires: null,
  retries: 0,
  timeLimit: NO_LIMIT,
  rootId: null,
  parentId: null,
  group: null,
  groupIndex: null,
  argsRepr: null,
  kwargsRepr: null,
  origin: null,
  ignoreResult: false,
  replacedTaskNesting: 0,
  stampedHeaders: null,
  stamps: {},
  extraHeaders: {},
  replyTo: null,
  correlationId: null,
  priority: null,
  expirationMs: null,
  persistent: true,
  serializer: "json",
  compression: null,
  callbacks: [],
  errbacks: [],
  chain: null,
  chord: null,
  deliveryInfo: null,
};

/** A task message with Celery's defaults: protocol 2, JSON, persistent, its own root, its id as correlation id. */
export function newTask(fields: Pick<TaskMessage, "id" | "task"> & Partial<TaskMessage>): TaskMessage {
  return { ...DEFAULTS, rootId: fields.id, correlationId: fields.id, ...fields };
}

/**
 * The `expiration` property for a task that expires: whole milliseconds from now, 0 if that is past, ten years at most.
 * Source: celery/app/amqp.py `send_task_message`; the broker drops an expired message silently.
 */
export function expirationMs(expires: Pick<WireTime, "epochMs">, now: number): number {
  return lifetimeMs(expires.epochMs - now);
}
