import type { Tree } from "@leveret/celery-protocol";
import { flag, oneOrMany, props, string, text } from "@leveret/options";
import { CeleryError } from "../ports/errors.ts";
import { checkOptions } from "../ports/options.ts";
import { type Duration, durationMs } from "../ports/duration.ts";
import type { RateLimit } from "../task/options.ts";
import type { RevokeTaskOptions } from "../task/sender.ts";
import type { TaskDefinition } from "../task/task.ts";
import type { Ask, CustomReplies, Replies } from "./ask.ts";
import { type ControlOptions, controlShapes } from "./control-options.ts";

/** Options of revoking tasks by remote control. */
export interface RemoteRevokeOptions extends ControlOptions, RevokeTaskOptions {
  /** The signal that Python workers send to the task's process. Default `SIGTERM`. */
  readonly signal?: string;
}

/** Exchange and routing key of a queue that workers consume, where they differ from its name. */
export interface RemoteQueueOptions extends ControlOptions {
  /** Default: the queue's name. */
  readonly exchange?: string;
  /** Default `direct`. */
  readonly exchangeType?: string;
  /** Default: the queue's name. */
  readonly routingKey?: string;
}

/**
 * Commands to workers: Celery's `app.control`. Each method sends a command to all workers, or to those that the options
 * name, and resolves with the replies that came in time, by node name; with `timeout: 0` as soon as the broker has the
 * command, without replies.
 *
 * Each throws CeleryError: `option-invalid`, `encode-failed`, and the errors of publishing and consuming.
 */
export interface Control {
  /** Finds the workers that answer. */
  ping(options?: ControlOptions): Promise<Replies<"ping">>;
  /** Prevents tasks from running; with `terminate` also ends running ones. */
  revoke(ids: string | readonly string[], options?: RemoteRevokeOptions): Promise<Replies<"revoke">>;
  /** `revoke` with `terminate`. */
  terminate(ids: string | readonly string[], options?: RemoteRevokeOptions): Promise<Replies<"terminate">>;
  /** As `revoke`, for all tasks with one of these stamps. */
  revokeByStampedHeaders(
    headers: Readonly<Record<string, Tree>>,
    options?: RemoteRevokeOptions,
  ): Promise<Replies<"revoke_by_stamped_headers">>;
  /** Limits the rate at which each worker starts tasks of this name; 0 and null remove the limit. */
  rateLimit(task: TaskDefinition | string, rate: RateLimit, options?: ControlOptions): Promise<Replies<"rate_limit">>;
  /** Sets the time limits of later runs; a limit that is left out is removed. */
  timeLimit(
    task: TaskDefinition | string,
    limits: { readonly soft?: Duration | null; readonly hard?: Duration | null },
    options?: ControlOptions,
  ): Promise<Replies<"time_limit">>;
  /** Makes workers consume this queue. */
  addConsumer(queue: string, options?: RemoteQueueOptions): Promise<Replies<"add_consumer">>;
  /** Makes workers stop consuming this queue. */
  cancelConsumer(queue: string, options?: ControlOptions): Promise<Replies<"cancel_consumer">>;
  /** Adds slots for tasks. */
  poolGrow(n?: number, options?: ControlOptions): Promise<Replies<"pool_grow">>;
  /** Removes slots for tasks. */
  poolShrink(n?: number, options?: ControlOptions): Promise<Replies<"pool_shrink">>;
  /** Makes workers send task events. */
  enableEvents(options?: ControlOptions): Promise<Replies<"enable_events">>;
  /** Makes workers stop sending task events. */
  disableEvents(options?: ControlOptions): Promise<Replies<"disable_events">>;
  /** Makes workers send a heartbeat now. */
  heartbeat(options?: ControlOptions): Promise<Replies<"heartbeat">>;
  /** Warm shutdown: running tasks get their grace. Workers do not reply; resolves when the broker has the command. */
  shutdown(options?: Omit<ControlOptions, "timeout" | "limit">): Promise<void>;
  /** Sends a custom command, which workers define by their option `commands` or, in Python, by `control_command`. */
  broadcast(
    command: string,
    args?: Readonly<Record<string, unknown>>,
    options?: ControlOptions,
  ): Promise<CustomReplies>;
}

const revokeShape = props<RemoteRevokeOptions>({ ...controlShapes, terminate: flag, reason: string, signal: text() });
const queueShape = props<RemoteQueueOptions>({
  ...controlShapes,
  exchange: string,
  exchangeType: text(),
  routingKey: string,
});
const taskIds = oneOrMany(text("a task id"));

/** Creates the commands. */
export function createControl(ask: Ask): Control {
  return {
    ping: (options) => ask("ping", {}, options),
    revoke: async (ids, options = {}) =>
      ask("revoke", { task_id: checkIds(ids), ...ending(options) }, options, revokeShape),
    terminate: async (ids, options = {}) => {
      const { signal = "SIGTERM", reason } = options;
      const args = { task_id: checkIds(ids), signal, ...(reason !== undefined && { reason }) };
      return ask("terminate", args, options, revokeShape);
    },
    revokeByStampedHeaders: (headers, options = {}) =>
      ask("revoke_by_stamped_headers", { headers, ...ending(options) }, options, revokeShape),
    rateLimit: (task, rate, options) => ask("rate_limit", { task_name: nameOf(task), rate_limit: rate ?? 0 }, options),
    timeLimit: async (task, { soft, hard }, options) =>
      ask("time_limit", { task_name: nameOf(task), hard: seconds(hard, "hard"), soft: seconds(soft, "soft") }, options),
    addConsumer: (queue, options = {}) => {
      const { exchange = null, exchangeType = "direct", routingKey = null } = options;
      const args = { queue, exchange, exchange_type: exchangeType, routing_key: routingKey };
      return ask("add_consumer", args, options, queueShape);
    },
    cancelConsumer: (queue, options) => ask("cancel_consumer", { queue }, options),
    poolGrow: (n = 1, options = {}) => ask("pool_grow", { n }, options),
    poolShrink: (n = 1, options = {}) => ask("pool_shrink", { n }, options),
    enableEvents: (options) => ask("enable_events", {}, options),
    disableEvents: (options) => ask("disable_events", {}, options),
    heartbeat: (options) => ask("heartbeat", {}, options),
    shutdown: async (options) => void (await ask("shutdown", {}, { ...options, timeout: 0 })),
    broadcast: async (command, args = {}, options = {}) => {
      if (typeof command !== "string" || command === "")
        throw new CeleryError(
          "option-invalid",
          "broadcast: the first argument is not the name of a command. Give one.",
        );
      return ask(command, args, options);
    },
  };
}

/** As Celery's client writes it; `reason` is an addition that Celery's workers ignore. */
function ending({ terminate = false, signal = "SIGTERM", reason }: RemoteRevokeOptions) {
  return { terminate, signal, ...(reason !== undefined && { reason }) };
}

function checkIds(given: string | readonly string[]): string | readonly string[] {
  checkOptions(taskIds, given, "revoke");
  return given;
}

function nameOf(task: TaskDefinition | string): string {
  return typeof task === "string" ? task : task.name;
}

function seconds(limit: Duration | null | undefined, option: string): number | null {
  return limit === null || limit === undefined ? null : durationMs(limit, option) / 1_000;
}
