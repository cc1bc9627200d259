import type { Float } from "../content/lossless.ts";
import type { Tree } from "../content/tree.ts";

/** The reply of a successful command. */
export interface Ok<Value = string> {
  /** Result of the command. */
  readonly ok: Value;
}

/** The reply of a failed command, an unknown command, or one with wrong arguments. */
export interface Failed {
  /** Error message. */
  readonly error: string;
}

/** A task in a worker. Source: celery/worker/request.py `Request.info`. */
export interface RequestInfo {
  /** Id of the task. */
  readonly id: string;
  /** Displayed name: the shadow, if any. */
  readonly name: string;
  /** Positional arguments. */
  readonly args: Tree;
  /** Keyword arguments. */
  readonly kwargs: Tree;
  /** Registered name of the task. */
  readonly type: string;
  /** Node name of the worker. */
  readonly hostname: string;
  /** When it started, seconds since the epoch; null before that. */
  readonly time_start: number | null;
  /** Whether the message was acked. */
  readonly acknowledged: boolean;
  /** How the message was delivered. */
  readonly delivery_info: {
    readonly exchange: string;
    readonly routing_key: string;
    readonly priority: number | null;
    readonly redelivered: boolean | null;
  };
  /** Process that runs the task; null before the run. */
  readonly worker_pid: number | null;
}

/** A task that waits for its eta. */
export interface ScheduledInfo {
  /** ISO 8601. */
  readonly eta: string | null;
  /** Priority in the schedule. */
  readonly priority: number;
  /** The task. */
  readonly request: RequestInfo;
}

/** A queue a worker consumes from. Source: kombu/entity.py `Queue.as_dict`. */
export interface ActiveQueue {
  /** Name of the queue. */
  readonly name: string;
  /** Exchange of the queue. */
  readonly exchange: {
    readonly name: string;
    readonly type: string;
    readonly arguments: Tree;
    readonly durable: boolean;
    readonly passive: boolean;
    readonly auto_delete: boolean;
    readonly delivery_mode: number | null;
    readonly no_declare: boolean;
  };
  /** Routing key of the binding. */
  readonly routing_key: string;
  /** Arguments of the declaration. */
  readonly queue_arguments: Tree;
  /** Arguments of the binding. */
  readonly binding_arguments: Tree;
  /** Arguments of the consumer. */
  readonly consumer_arguments: Tree;
  /** Whether the queue outlives a restart of the broker. */
  readonly durable: boolean;
  /** Whether the queue belongs to one connection. */
  readonly exclusive: boolean;
  /** Whether the broker deletes the queue with its last consumer. */
  readonly auto_delete: boolean;
  /** Whether deliveries need no ack. */
  readonly no_ack: boolean;
  /** Alias in the configuration of the worker. */
  readonly alias: string | null;
  /** Further bindings. */
  readonly bindings: readonly Tree[];
  /** Whether the worker does not declare the queue. */
  readonly no_declare: boolean | null;
  /** Seconds. */
  readonly expires: number | null;
  /** Seconds. */
  readonly message_ttl: number | null;
  /** Most messages. */
  readonly max_length: number | null;
  /** Most bytes of bodies. */
  readonly max_length_bytes: number | null;
  /** Highest priority. */
  readonly max_priority: number | null;
}

/** The statistics of a worker. Monitors such as Flower need `total`, `pool` and `broker` to be objects. */
export interface WorkerStats {
  /** Runs started, by name of the task. */
  readonly total: Readonly<Record<string, number>>;
  /** Process id of the worker. */
  readonly pid: number;
  /** The Lamport clock, as a string. */
  readonly clock: string;
  /** Seconds since the worker started. */
  readonly uptime: number;
  /** `implementation`, `max-concurrency`, `processes`, … */
  readonly pool: Readonly<Record<string, Tree>>;
  /** `hostname`, `port`, `userid`, `virtual_host`, `transport`, … and never a password; a worker of this package masks `userid`, too. */
  readonly broker: Readonly<Record<string, Tree>>;
  /** Prefetch count of the consumers. */
  readonly prefetch_count: number;
  /** Resources used, where the system reports them. */
  readonly rusage?: Readonly<Record<string, Tree>> | undefined;
  /** State of the timer of a Python worker. */
  readonly timer?: Tree | undefined;
  /** State of the autoscaler of a Python worker. */
  readonly autoscaler?: Tree | undefined;
}

/**
 * Revoked ids, each with the time of the revoke. That time must be written with a fraction, hence `Float`: a Python
 * worker fails on an integer. Times are on the worker's own monotonic clock. `{}` is always safe.
 */
export type RevokedEntries = Readonly<Record<string, readonly [time: Float, id: string]>>;

/** The reply to a starting worker. Source: celery/worker/control.py `hello`. */
export interface HelloReply {
  /** Ids that the worker knows as revoked. */
  readonly revoked: RevokedEntries;
  /** The worker's Lamport clock. */
  readonly clock: number;
}

/** No arguments. */
export type NoArguments = Readonly<Record<string, never>>;

/** Arguments of terminating tasks. */
export interface TerminateArguments {
  /** One id, or several. */
  readonly task_id: string | readonly string[];
  /** Name of the signal. Default `SIGTERM`. */
  readonly signal?: string | null;
}

/** The named arguments and the reply of one command. */
export interface ControlCommand<Arguments, Reply> {
  /** Arguments by name. */
  readonly arguments: Arguments;
  /** Reply of one worker. */
  readonly reply: Reply | Failed;
}

/**
 * The commands of a Celery worker, with their named arguments and replies. Source: celery/worker/control.py; recorded
 * requests and replies.
 */
export interface ControlCommands {
  /** Checks that the worker answers. */
  readonly ping: ControlCommand<NoArguments, Ok<"pong">>;
  /** Statistics of the worker. */
  readonly stats: ControlCommand<NoArguments, WorkerStats>;
  /** Running tasks; `safe` gives args and kwargs as strings. */
  readonly active: ControlCommand<{ readonly safe?: boolean }, readonly RequestInfo[]>;
  /** Tasks received and not started, without those that wait for their eta. */
  readonly reserved: ControlCommand<NoArguments, readonly RequestInfo[]>;
  /** Tasks that wait for their eta. */
  readonly scheduled: ControlCommand<NoArguments, readonly ScheduledInfo[]>;
  /** Names, with the attributes that are set: `demo.limited [rate_limit=2/s]`. */
  readonly registered: ControlCommand<
    { readonly taskinfoitems?: readonly string[] | null; readonly builtins?: boolean },
    readonly string[]
  >;
  /**
   * States of tasks, without ids that the worker does not know. Celery reports `scheduled` from 5.7 on, `ready` before.
   */
  readonly query_task: ControlCommand<
    { readonly ids: string | readonly string[] },
    Readonly<Record<string, readonly [state: "active" | "reserved" | "scheduled" | "ready", info: RequestInfo]>>
  >;
  /** Queues that the worker consumes from. */
  readonly active_queues: ControlCommand<NoArguments, readonly ActiveQueue[]>;
  /** Settings; secrets and the passwords in addresses are masked. */
  readonly conf: ControlCommand<{ readonly with_defaults?: boolean }, Readonly<Record<string, Tree>>>;
  /** A report on versions and settings, for people. */
  readonly report: ControlCommand<NoArguments, Ok>;
  /** The Lamport clock. */
  readonly clock: ControlCommand<NoArguments, { readonly clock: number }>;
  /** Null for the worker that sent it. */
  readonly hello: ControlCommand<
    { readonly from_node: string; readonly revoked?: RevokedEntries | readonly string[] | null },
    HelloReply | null
  >;
  /** Ids of revoked tasks. */
  readonly revoked: ControlCommand<NoArguments, readonly string[]>;
  /** `rate_limit` as `parseRate` reads it; 0 removes the limit. */
  readonly rate_limit: ControlCommand<{ readonly task_name: string; readonly rate_limit: string | number }, Ok>;
  /** Limits in seconds. */
  readonly time_limit: ControlCommand<
    { readonly task_name: string; readonly hard?: number | null; readonly soft?: number | null },
    Ok
  >;
  /** Prevents tasks from running; `terminate` also ends running ones. */
  readonly revoke: ControlCommand<TerminateArguments & { readonly terminate?: boolean }, Ok>;
  /** `revoke` with `terminate`. */
  readonly terminate: ControlCommand<TerminateArguments, Ok>;
  /** Stamps by name, or as `name=value`. */
  readonly revoke_by_stamped_headers: ControlCommand<
    {
      readonly headers: Readonly<Record<string, Tree>> | readonly string[];
      readonly terminate?: boolean;
      readonly signal?: string | null;
    },
    Ok
  >;
  /** Starts consuming a queue. */
  readonly add_consumer: ControlCommand<
    {
      readonly queue: string;
      readonly exchange?: string | null;
      readonly exchange_type?: string | null;
      readonly routing_key?: string | null;
    },
    Ok
  >;
  /** Stops consuming a queue. */
  readonly cancel_consumer: ControlCommand<{ readonly queue: string }, Ok>;
  /** Adds slots for tasks. */
  readonly pool_grow: ControlCommand<{ readonly n?: number }, Ok>;
  /** Removes slots for tasks. */
  readonly pool_shrink: ControlCommand<{ readonly n?: number }, Ok>;
  /** Starts sending task events. */
  readonly enable_events: ControlCommand<NoArguments, Ok>;
  /** Stops sending task events. */
  readonly disable_events: ControlCommand<NoArguments, Ok>;
  /** Sends a worker-heartbeat now. */
  readonly heartbeat: ControlCommand<NoArguments, null>;
  /** Warm shutdown; without a reply. */
  readonly shutdown: ControlCommand<{ readonly msg?: string }, never>;
}

/** Name of a command. */
export type ControlMethod = keyof ControlCommands;

/** The arguments of a command. */
export type ControlArguments<Method extends ControlMethod> = ControlCommands[Method]["arguments"];

/** The reply of a command. */
export type ControlAnswer<Method extends ControlMethod> = ControlCommands[Method]["reply"];

/** Older names of the commands that read. Source: celery/worker/control.py. */
export const CONTROL_ALIASES: ReadonlyMap<string, ControlMethod> = new Map([
  ["dump_active", "active"],
  ["dump_conf", "conf"],
  ["dump_reserved", "reserved"],
  ["dump_revoked", "revoked"],
  ["dump_schedule", "scheduled"],
  ["dump_tasks", "registered"],
]);
