import type { Tree } from "../content/tree.ts";

/** Fields of every event. */
export interface EventBase {
  /** Node name of the sender. */
  readonly hostname: string;
  /** When it happened, seconds since the epoch with fractions. */
  readonly timestamp: number;
  /** The sender's Lamport clock; 0 where the event has none. */
  readonly clock: number;
  /** Process id of the sender. */
  readonly pid?: number | undefined;
  /** Hours of the sender's clock behind UTC: positive west of Greenwich. */
  readonly utcoffset?: number | undefined;
  /** Fields beside the known ones of this type, and known ones of an unexpected type, raw. */
  readonly extra?: Readonly<Record<string, Tree>> | undefined;
}

/** Fields of every event about a task. */
export interface TaskEventBase extends EventBase {
  /** Task id. */
  readonly uuid: string;
}

/** The task in `task-sent` and `task-received`. */
export interface TaskDescription {
  /** Name of the task, or its shadow. */
  readonly name?: string | undefined;
  /** `argsrepr` of the message. */
  readonly args?: string | undefined;
  /** `kwargsrepr` of the message. */
  readonly kwargs?: string | undefined;
  /** Id of the first task of the workflow. */
  readonly rootId?: string | null | undefined;
  /** Id of the task that sent this one. */
  readonly parentId?: string | null | undefined;
  /** Retries so far. */
  readonly retries?: number | undefined;
  /** ISO 8601. */
  readonly eta?: string | null | undefined;
  /** ISO 8601. */
  readonly expires?: string | null | undefined;
}

/** A publisher sent a task message; only with `task_send_sent_event`. */
export interface TaskSentEvent extends TaskEventBase, TaskDescription {
  /** Type of the event. */
  readonly type: "task-sent";
  /** Name of the queue. */
  readonly queue?: string | undefined;
  /** Name of the exchange. */
  readonly exchange?: string | undefined;
  /** Routing key. */
  readonly routingKey?: string | undefined;
}

/** A worker accepted a task message. */
export interface TaskReceivedEvent extends TaskEventBase, TaskDescription {
  /** Type of the event. */
  readonly type: "task-received";
}

/** The task was started. */
export interface TaskStartedEvent extends TaskEventBase {
  /** Type of the event. */
  readonly type: "task-started";
}

/** The task succeeded. */
export interface TaskSucceededEvent extends TaskEventBase {
  /** Type of the event. */
  readonly type: "task-succeeded";
  /** Printed form of the result, for people. */
  readonly result?: string | undefined;
  /** Runtime in seconds. */
  readonly runtime?: number | undefined;
}

/** The task failed. An unknown task has no traceback. */
export interface TaskFailedEvent extends TaskEventBase {
  /** Type of the event. */
  readonly type: "task-failed";
  /** Printed form of the exception, for people. */
  readonly exception?: string | undefined;
  /** Traceback, for people. */
  readonly traceback?: string | null | undefined;
}

/** The task failed and will run again. */
export interface TaskRetriedEvent extends TaskEventBase {
  /** Type of the event. */
  readonly type: "task-retried";
  /** Printed form of the exception, for people; `None` where the task retried without an exception. */
  readonly exception?: string | undefined;
  /** Traceback, for people. */
  readonly traceback?: string | null | undefined;
}

/** The message was rejected. */
export interface TaskRejectedEvent extends TaskEventBase {
  /** Type of the event. */
  readonly type: "task-rejected";
  /** Whether the message was requeued. */
  readonly requeue?: boolean | undefined;
}

/** The task was revoked, terminated or expired. */
export interface TaskRevokedEvent extends TaskEventBase {
  /** Type of the event. */
  readonly type: "task-revoked";
  /** Whether the run was terminated. */
  readonly terminated?: boolean | undefined;
  /** Number of the signal that ended it. */
  readonly signum?: number | null | undefined;
  /** Whether the task had expired. */
  readonly expired?: boolean | undefined;
}

/** The run was cancelled by a shutdown or a lost connection. */
export interface TaskCancelledEvent extends TaskEventBase {
  /** Type of the event. */
  readonly type: "task-cancelled";
}

/** A worker is online, sends a heartbeat, or goes offline. */
export interface WorkerStatusEvent extends EventBase {
  /** Type of the event. */
  readonly type: "worker-online" | "worker-heartbeat" | "worker-offline";
  /** Seconds between heartbeats. */
  readonly freq?: number | undefined;
  /** Tasks running now. */
  readonly active?: number | undefined;
  /** Tasks started since the worker's start. */
  readonly processed?: number | undefined;
  /** Load of the host over 1, 5 and 15 minutes. */
  readonly loadavg?: readonly number[] | undefined;
  /** Name of the implementation: `py-celery`. */
  readonly swIdent?: string | undefined;
  /** Version of the worker. */
  readonly swVer?: string | undefined;
  /** Operating system: `Linux`. */
  readonly swSys?: string | undefined;
}

/** A worker starts an election (gossip). */
export interface WorkerElectEvent extends EventBase {
  /** Type of the event. */
  readonly type: "worker-elect";
  /** Id of the election. */
  readonly id?: string | undefined;
  /** Topic of the election: `task` runs the signature in `action`. */
  readonly topic?: string | undefined;
  /** Signature that the winner runs. */
  readonly action?: Tree | undefined;
  /** Version of the election's rules, 1. */
  readonly cver?: number | undefined;
}

/** A worker acknowledges an election (gossip). */
export interface WorkerElectAckEvent extends EventBase {
  /** Type of the event. */
  readonly type: "worker-elect-ack";
  /** Id of the election. */
  readonly id?: string | undefined;
}

/** Any other event, such as one sent by a task; all of its fields are in `extra`. */
export interface CustomCeleryEvent extends EventBase {
  /** Type of the event. */
  readonly type: "custom";
  /** The type on the wire: `task-progressed`. The part before the first dash is its group. */
  readonly customType: string;
}

/** An event about one task, discriminated by `type`. */
export type CeleryTaskEvent =
  | TaskSentEvent
  | TaskReceivedEvent
  | TaskStartedEvent
  | TaskSucceededEvent
  | TaskFailedEvent
  | TaskRetriedEvent
  | TaskRejectedEvent
  | TaskRevokedEvent
  | TaskCancelledEvent;

/** An event about a worker, discriminated by `type`. */
export type CeleryWorkerEvent = WorkerStatusEvent | WorkerElectEvent | WorkerElectAckEvent;

/**
 * An event for monitors, discriminated by `type`. Only host, time and, for tasks, the id are required: older Celery and
 * other languages leave out other fields. Source: celery/events; recorded events.
 */
export type CeleryEvent = CeleryTaskEvent | CeleryWorkerEvent | CustomCeleryEvent;

/** The types of events that Celery itself sends. */
export type EventType = Exclude<CeleryEvent["type"], "custom">;

/** Fields that the sender adds to every event when it is sent. */
export type EventStamp = Omit<EventBase, "extra">;

/** An event without the fields that its sender adds. */
export type Bare<Each> = Each extends EventBase ? Omit<Each, keyof EventStamp> : never;

/** An event before it is sent: without host, time and clock. */
export type EventBody = Bare<CeleryEvent>;

/** The same, about a task. */
export type TaskEventBody = Bare<CeleryTaskEvent>;
