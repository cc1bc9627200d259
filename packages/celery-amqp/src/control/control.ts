import type { Tree } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import { type Duration, durationMs } from "../task/duration.ts";
import type { RateLimit } from "../task/options.ts";
import type { RevokeTaskOptions } from "../task/sender.ts";
import type { TaskDefinition } from "../task/task.ts";
import type { Ask, CustomReplies, Replies } from "./ask.ts";
import type { ControlOptions } from "./control-options.ts";

/** How tasks are revoked by message. */
export interface RemoteRevokeOptions extends ControlOptions, RevokeTaskOptions {
  /** The signal that Python workers end the task's process by. Default `SIGTERM`. */
  readonly signal?: string;
}

/** A queue that workers are to serve, as far as its name does not say enough. */
export interface RemoteQueueOptions extends ControlOptions {
  /** Default: one of the queue's own name. */
  readonly exchange?: string;
  /** Default `direct`. */
  readonly exchangeType?: string;
  /** Default: the queue's name. */
  readonly routingKey?: string;
}

/**
 * Commands to workers: Celery's `app.control`. Each method tells all workers, or those that the options name, and resolves
 * with what they answered in time, by node name; with `timeout: 0` as soon as the broker has the command, and nobody answers.
 *
 * Each throws CeleryError: `option-invalid`, `encode-failed`, and what publishing and consuming end in.
 */
export interface Control {
  /** Who is there. */
  ping(options?: ControlOptions): Promise<Replies<"ping">>;
  /** Has tasks not run, and with `terminate` ended where they run. */
  revoke(ids: string | readonly string[], options?: RemoteRevokeOptions): Promise<Replies<"revoke">>;
  /** `revoke` with `terminate`. */
  terminate(ids: string | readonly string[], options?: RemoteRevokeOptions): Promise<Replies<"terminate">>;
  /** As `revoke`, all tasks that carry one of these stamps. */
  revokeByStampedHeaders(
    headers: Readonly<Record<string, Tree>>,
    options?: RemoteRevokeOptions,
  ): Promise<Replies<"revoke_by_stamped_headers">>;
  /** How many of these tasks each worker begins at most; 0 and null lift the limit. */
  rateLimit(task: TaskDefinition | string, rate: RateLimit, options?: ControlOptions): Promise<Replies<"rate_limit">>;
  /** Limits of the runs that begin from now on; one that is left out is lifted. */
  timeLimit(
    task: TaskDefinition | string,
    limits: { readonly soft?: Duration | null; readonly hard?: Duration | null },
    options?: ControlOptions,
  ): Promise<Replies<"time_limit">>;
  /** Also serve this queue. */
  addConsumer(queue: string, options?: RemoteQueueOptions): Promise<Replies<"add_consumer">>;
  /** No longer serve this queue. */
  cancelConsumer(queue: string, options?: ControlOptions): Promise<Replies<"cancel_consumer">>;
  /** More slots for tasks. */
  poolGrow(n?: number, options?: ControlOptions): Promise<Replies<"pool_grow">>;
  /** Fewer slots for tasks. */
  poolShrink(n?: number, options?: ControlOptions): Promise<Replies<"pool_shrink">>;
  /** Starts the pool anew; only Python workers with `worker_pool_restarts` can. */
  poolRestart(options?: ControlOptions): Promise<Replies<"pool_restart">>;
  /** Bounds of the pool; only Python workers with an autoscaler have them. */
  autoscale(max: number, min: number, options?: ControlOptions): Promise<Replies<"autoscale">>;
  /** Also send events about tasks. */
  enableEvents(options?: ControlOptions): Promise<Replies<"enable_events">>;
  /** No longer send events about tasks. */
  disableEvents(options?: ControlOptions): Promise<Replies<"disable_events">>;
  /** Send a heartbeat now. */
  heartbeat(options?: ControlOptions): Promise<Replies<"heartbeat">>;
  /** Calls an election among workers that gossip; with topic `task` the winner sends the signature in `action`. */
  election(id: string, topic: string, action?: Tree, options?: ControlOptions): Promise<Replies<"election">>;
  /** Warm shutdown: running tasks have their grace. Workers do not answer; resolves when the broker has the command. */
  shutdown(options?: Omit<ControlOptions, "timeout" | "limit">): Promise<void>;
  /** A command of your own, that workers have by their option `commands` or, in Python, by `control_command`. */
  broadcast(
    command: string,
    args?: Readonly<Record<string, unknown>>,
    options?: ControlOptions,
  ): Promise<CustomReplies>;
}

const revokeOptions = ["terminate", "reason", "signal"];
const queueOptions = ["exchange", "exchangeType", "routingKey"];

/** Joins the commands and the way they are sent. */
export function createControl(ask: Ask): Control {
  return {
    ping: (options) => ask("ping", {}, options),
    revoke: async (ids, options = {}) =>
      ask("revoke", { task_id: checkIds(ids), ...ending(options) }, options, revokeOptions),
    terminate: async (ids, options = {}) => {
      const { signal = "SIGTERM", reason } = options;
      const args = { task_id: checkIds(ids), signal, ...(reason !== undefined && { reason }) };
      return ask("terminate", args, options, revokeOptions);
    },
    revokeByStampedHeaders: (headers, options = {}) =>
      ask("revoke_by_stamped_headers", { headers, ...ending(options) }, options, revokeOptions),
    rateLimit: (task, rate, options) => ask("rate_limit", { task_name: nameOf(task), rate_limit: rate ?? 0 }, options),
    timeLimit: async (task, { soft, hard }, options) =>
      ask("time_limit", { task_name: nameOf(task), hard: seconds(hard, "hard"), soft: seconds(soft, "soft") }, options),
    addConsumer: (queue, options = {}) => {
      const { exchange = null, exchangeType = "direct", routingKey = null } = options;
      const args = { queue, exchange, exchange_type: exchangeType, routing_key: routingKey };
      return ask("add_consumer", args, options, queueOptions);
    },
    cancelConsumer: (queue, options) => ask("cancel_consumer", { queue }, options),
    poolGrow: (n = 1, options = {}) => ask("pool_grow", { n }, options),
    poolShrink: (n = 1, options = {}) => ask("pool_shrink", { n }, options),
    poolRestart: (options) => ask("pool_restart", { modules: null, reload: false, reloader: null }, options),
    autoscale: (max, min, options) => ask("autoscale", { max, min }, options),
    enableEvents: (options) => ask("enable_events", {}, options),
    disableEvents: (options) => ask("disable_events", {}, options),
    heartbeat: (options) => ask("heartbeat", {}, options),
    election: (id, topic, action = null, options = {}) => ask("election", { id, topic, action }, options),
    shutdown: async (options) => void (await ask("shutdown", {}, { ...options, timeout: 0 })),
    broadcast: async (command, args = {}, options = {}) => {
      if (typeof command !== "string" || command === "")
        throw new CeleryError("option-invalid", "broadcast: the first argument must be the name of a command");
      return ask(command, args, options);
    },
  };
}

/** As Celery's client writes it; a reason is ours, and Celery's workers pass over it. */
function ending({ terminate = false, signal = "SIGTERM", reason }: RemoteRevokeOptions) {
  return { terminate, signal, ...(reason !== undefined && { reason }) };
}

function checkIds(ids: string | readonly string[]): string | readonly string[] {
  const list = typeof ids === "string" ? [ids] : ids;
  if (Array.isArray(list) && list.length > 0 && list.every((id) => typeof id === "string" && id !== "")) return ids;
  throw new CeleryError("option-invalid", "revoke: the first argument must be a task id, or a list of task ids");
}

function nameOf(task: TaskDefinition | string): string {
  return typeof task === "string" ? task : task.name;
}

function seconds(limit: Duration | null | undefined, option: string): number | null {
  return limit === null || limit === undefined ? null : durationMs(limit, option) / 1_000;
}
