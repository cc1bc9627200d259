import type { Tree } from "../content/tree.ts";
import type { CustomCeleryEvent, CeleryTaskEvent } from "../event/event.ts";
import { precedence } from "../result/state.ts";

/** A task as known from events; unknown fields are null. Times are seconds since the epoch. */
export interface MonitoredTask {
  /** Id of the task. */
  readonly uuid: string;
  /** Name of the task. */
  readonly name: string | null;
  /** A state of Celery's, `CANCELLED`, or the name of a custom event in capitals: `task-halfway` is `HALFWAY`. */
  readonly state: string;
  /** Node name of the worker of its last event. */
  readonly worker: string | null;
  /** Node name of its sender. */
  readonly client: string | null;
  /** Time of the event task-sent, in seconds since the epoch; null without one. */
  readonly sent: number | null;
  /** Time of the event task-received, in seconds since the epoch; null without one. */
  readonly received: number | null;
  /** Time of the event task-started, in seconds since the epoch; null without one. */
  readonly started: number | null;
  /** Time of the event task-succeeded, in seconds since the epoch; null without one. */
  readonly succeeded: number | null;
  /** Time of the event task-failed, in seconds since the epoch; null without one. */
  readonly failed: number | null;
  /** Time of the event task-retried, in seconds since the epoch; null without one. */
  readonly retried: number | null;
  /** Time of the event task-revoked, in seconds since the epoch; null without one. */
  readonly revoked: number | null;
  /** Time of the event task-rejected, in seconds since the epoch; null without one. */
  readonly rejected: number | null;
  /** Time of the last event that was not late. */
  readonly timestamp: number | null;
  /** Lamport clock of that event. */
  readonly clock: number;
  /** `argsrepr` of the message. */
  readonly args: string | null;
  /** `kwargsrepr` of the message. */
  readonly kwargs: string | null;
  /** Id of the first task of the workflow. */
  readonly rootId: string | null;
  /** Id of the task that sent this one. */
  readonly parentId: string | null;
  /** Retries so far. */
  readonly retries: number | null;
  /** Earliest time of the run, ISO 8601. */
  readonly eta: string | null;
  /** Time after which the task does not run, ISO 8601. */
  readonly expires: string | null;
  /** Name of the queue. */
  readonly queue: string | null;
  /** Name of the exchange. */
  readonly exchange: string | null;
  /** Routing key. */
  readonly routingKey: string | null;
  /** Text form of the result. */
  readonly result: string | null;
  /** Seconds. */
  readonly runtime: number | null;
  /** Text form of the exception. */
  readonly exception: string | null;
  /** Traceback, for people. */
  readonly traceback: string | null;
  /** All other fields of its events, mostly custom ones; the latest of each name. */
  readonly extra: Readonly<Record<string, Tree>>;
}

/** An event about a task: Celery's, or a custom one of the group `task` that names its task. */
export type AnyTaskEvent = CeleryTaskEvent | CustomCeleryEvent;

type Moment = "sent" | "received" | "started" | "succeeded" | "failed" | "retried" | "revoked" | "rejected";

interface Meaning {
  readonly state: string;
  readonly moment: Moment | null;
}

const meanings: Readonly<Record<CeleryTaskEvent["type"], Meaning>> = {
  "task-sent": { state: "PENDING", moment: "sent" },
  "task-received": { state: "RECEIVED", moment: "received" },
  "task-started": { state: "STARTED", moment: "started" },
  "task-succeeded": { state: "SUCCESS", moment: "succeeded" },
  "task-failed": { state: "FAILURE", moment: "failed" },
  "task-retried": { state: "RETRY", moment: "retried" },
  "task-revoked": { state: "REVOKED", moment: "revoked" },
  "task-rejected": { state: "REJECTED", moment: "rejected" },
  "task-cancelled": { state: "CANCELLED", moment: null },
};

/** Fields for which `task-received` takes precedence, even a late one. */
const description = ["name", "args", "kwargs", "parentId", "rootId", "retries", "eta", "expires"] as const;
const fields = [
  ...description,
  "queue",
  "exchange",
  "routingKey",
  "result",
  "runtime",
  "exception",
  "traceback",
] as const;

/** A task without events. */
export function unheardTask(uuid: string): MonitoredTask {
  return {
    uuid,
    name: null,
    state: "PENDING",
    worker: null,
    client: null,
    sent: null,
    received: null,
    started: null,
    succeeded: null,
    failed: null,
    retried: null,
    revoked: null,
    rejected: null,
    timestamp: null,
    clock: 0,
    args: null,
    kwargs: null,
    rootId: null,
    parentId: null,
    retries: null,
    eta: null,
    expires: null,
    queue: null,
    exchange: null,
    routingKey: null,
    result: null,
    runtime: null,
    exception: null,
    traceback: null,
    extra: {},
  };
}

/**
 * The task after one more event. An event with a logically earlier state is late: it adds its fields and keeps the
 * state; a late `task-received` adds only the description. A retry, and the events after it, are never late. Source:
 * celery/events/state.py `Task.event`.
 */
export function nextTask(task: MonitoredTask, event: AnyTaskEvent): MonitoredTask {
  const { state, moment } = meaningOf(event);
  const isLate = isBefore(state, task.state);
  const isOldReceipt = isLate && state === "RECEIVED";
  return {
    ...task,
    ...(moment !== null && { [moment]: event.timestamp }),
    ...(event.type === "task-sent" ? { client: event.hostname } : { worker: event.hostname }),
    ...told(event, isOldReceipt ? description : fields),
    ...(!isOldReceipt && { timestamp: event.timestamp, clock: event.clock }),
    ...(!isLate && { state }),
    ...(event.extra !== undefined && { extra: { ...task.extra, ...event.extra } }),
  };
}

function meaningOf(event: AnyTaskEvent): Meaning {
  if (event.type !== "custom") return meanings[event.type];
  return { state: event.customType.replace(/^task-/, "").toUpperCase(), moment: null };
}

function isBefore(state: string, known: string): boolean {
  return state !== "RETRY" && known !== "RETRY" && precedence(state) > precedence(known);
}

function told(event: AnyTaskEvent, names: readonly (typeof fields)[number][]): Partial<MonitoredTask> {
  const values = event as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}
