import type { RevokedEntries } from "@leveret/celery-protocol/control";
import { flag, props } from "@leveret/options";
import type { Ask, Replies } from "./ask.ts";
import { type ControlOptions, controlShapes } from "./control-options.ts";

/**
 * Inspects workers: Celery's `app.control.inspect()`. Each method sends a request to all workers, or to those that the
 * options name, and resolves with the replies that came in time, by node name; no reply is no error.
 *
 * Each throws CeleryError: `option-invalid`, and the errors of publishing and consuming.
 */
export interface Inspect {
  /** Finds the workers that answer. */
  ping(options?: ControlOptions): Promise<Replies<"ping">>;
  /** Running tasks; `safe` gives their arguments as strings. */
  active(options?: ControlOptions & { readonly safe?: boolean }): Promise<Replies<"active">>;
  /** Tasks that were received and have not started, without those that wait for their eta. */
  reserved(options?: ControlOptions): Promise<Replies<"reserved">>;
  /** Tasks that wait in workers for their eta. */
  scheduled(options?: ControlOptions): Promise<Replies<"scheduled">>;
  /** Ids of revoked tasks. */
  revoked(options?: ControlOptions): Promise<Replies<"revoked">>;
  /** Names of tasks, with these attributes where they are set. Default: `exchange`, `routing_key` and `rate_limit`. */
  registered(attributes?: readonly string[], options?: ControlOptions): Promise<Replies<"registered">>;
  /** Numbers of the worker, its pool, its broker and its process. */
  stats(options?: ControlOptions): Promise<Replies<"stats">>;
  /** Queues that workers consume from. */
  activeQueues(options?: ControlOptions): Promise<Replies<"active_queues">>;
  /** The states of these tasks in each worker that has them. */
  queryTask(ids: string | readonly string[], options?: ControlOptions): Promise<Replies<"query_task">>;
  /** Settings, by Celery's names, with secrets masked. */
  conf(options?: ControlOptions & { readonly withDefaults?: boolean }): Promise<Replies<"conf">>;
  /** A report on versions and settings, for people. */
  report(options?: ControlOptions): Promise<Replies<"report">>;
  /** Logical clocks. */
  clock(options?: ControlOptions): Promise<Replies<"clock">>;
  /** The reply to a starting worker: logical clock and revoked ids. */
  hello(
    fromNode: string,
    revoked?: RevokedEntries | readonly string[],
    options?: ControlOptions,
  ): Promise<Replies<"hello">>;
}

const activeShape = props<ControlOptions & { readonly safe?: boolean }>({ ...controlShapes, safe: flag });
const confShape = props<ControlOptions & { readonly withDefaults?: boolean }>({ ...controlShapes, withDefaults: flag });

/** Creates the requests. */
export function createInspect(ask: Ask): Inspect {
  return {
    ping: (options) => ask("ping", {}, options),
    active: (options = {}) => ask("active", { safe: options.safe ?? false }, options, activeShape),
    reserved: (options) => ask("reserved", {}, options),
    scheduled: (options) => ask("scheduled", {}, options),
    revoked: (options) => ask("revoked", {}, options),
    registered: (taskinfoitems = [], options = {}) => ask("registered", { taskinfoitems }, options),
    stats: (options) => ask("stats", {}, options),
    activeQueues: (options) => ask("active_queues", {}, options),
    queryTask: (ids, options) => ask("query_task", { ids: typeof ids === "string" ? [ids] : ids }, options),
    conf: (options = {}) => ask("conf", { with_defaults: options.withDefaults ?? false }, options, confShape),
    report: (options) => ask("report", {}, options),
    clock: (options) => ask("clock", {}, options),
    hello: (fromNode, revoked = [], options = {}) => ask("hello", { from_node: fromNode, revoked }, options),
  };
}
