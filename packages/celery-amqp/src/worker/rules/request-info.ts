import { formatIso, type WireTime } from "@leveret/celery-protocol";
import type { RequestInfo, ScheduledInfo } from "@leveret/celery-protocol/control";
import type { Request } from "./request.ts";

/** A task that a worker has. */
export interface WorkerRequest {
  readonly request: Request;
  /** It runs; it waits for a slot or its turn; it waits for its eta. Celery's words. */
  readonly state: "active" | "reserved" | "scheduled";
  /** When it began, epoch milliseconds; null before that. */
  readonly startedAt: number | null;
  /** The process it runs in; null before that. */
  readonly pid: number | null;
}

/**
 * A task as inspections show it.
 *
 * @param safe - arguments as text, those of the message where it has them
 * Source: celery/worker/request.py `Request.info`; recorded replies.
 */
export function requestInfo(
  { request, state, startedAt, pid }: WorkerRequest,
  hostname: string,
  safe = false,
): RequestInfo {
  const { task, policy, queue, redelivered } = request;
  const { exchange = "", routingKey = queue } = task.deliveryInfo ?? {};
  return {
    id: task.id,
    name: task.shadow ?? task.task,
    args: safe ? task.argsRepr : task.args,
    kwargs: safe ? task.kwargsRepr : task.kwargs,
    type: task.task,
    hostname,
    time_start: startedAt === null ? null : startedAt / 1_000,
    acknowledged: state === "active" && policy.acks === "early",
    delivery_info: { exchange, routing_key: routingKey, priority: task.priority, redelivered },
    worker_pid: pid,
  };
}

/** Celery's priority of timers for tasks with an eta; it has no meaning here. */
const timerPriority = 6;

/** A task that waits for its eta, as inspections show it. Source: celery/worker/control.py `scheduled`. */
export function scheduledInfo(held: WorkerRequest, hostname: string): ScheduledInfo {
  const { eta } = held.request.task;
  return {
    eta: eta && inUtc(eta),
    priority: timerPriority,
    request: requestInfo(held, hostname),
  };
}

/** In Python's form; to the microsecond where the message has microseconds. */
function inUtc({ text, epochMs }: WireTime): string {
  return text.endsWith("+00:00") ? text : formatIso(epochMs);
}
