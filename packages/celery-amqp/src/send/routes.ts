import { createRouter as match, type RoutingTable } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import type { CallOptions } from "../task/call-options.ts";
import { refusePromise } from "./answered.ts";
import { checkCallOptions } from "./check-options.ts";
import { checkShards, type ShardBy } from "./sharded-queue.ts";

/** Options of a route: those of a call that are not specific to one call. */
export interface Route extends Pick<
  CallOptions,
  | "queue"
  | "exchange"
  | "routingKey"
  | "priority"
  | "expires"
  | "serializer"
  | "compression"
  | "protocol"
  | "persistent"
  | "timeLimit"
  | "softTimeLimit"
  | "ignoreResult"
> {
  /** Number of shards of the route's queue; `shardedQueue` has more options. */
  readonly shards?: number;
  /** The key of a call without `shardKey`. Default: none; the shards take turns. */
  readonly shardBy?: ShardBy;
}

/**
 * The tasks of a route: a name, a shell pattern with a `*` in it (`images.*`; then `?` and `[a-z]` count too), or a
 * regular expression, which must match from the start of the name.
 */
export type RoutePattern = string | RegExp;

/**
 * Routes as a user writes them, Celery's `task_routes`: pattern to queue or options, in an object or, with regular
 * expressions, in a list of pairs; or a function of the task's name. An exact name wins at any position, then the first
 * matching pattern.
 */
export type Routes =
  | Readonly<Record<string, string | Route>>
  | readonly (readonly [RoutePattern, string | Route])[]
  | ((task: string) => string | Route | null | undefined);

/** The route of a task; empty where none matches. */
export type Router = (task: string) => Route;

const names: ReadonlySet<string> = new Set([
  "queue",
  "exchange",
  "routingKey",
  "priority",
  "expires",
  "serializer",
  "compression",
  "protocol",
  "persistent",
  "timeLimit",
  "softTimeLimit",
  "ignoreResult",
  "shards",
  "shardBy",
] satisfies (keyof Route)[]);

const nowhere: Route = Object.freeze({});

/**
 * Creates a router, by the rules of the protocol's `createRouter`, which are Celery's.
 *
 * @throws CeleryError `option-invalid`; where routes are a function, when it returns an invalid route
 */
export function createRouter(routes: Routes = []): Router {
  const router = match(toTable(routes));
  const ask: Router = (task) => router(task) ?? nowhere;
  return typeof routes === "function" ? ask : remembering(ask);
}

/** Names whose route is cached. */
const maxKnown = 1_000;
const longestKnown = 1_024;

function remembering(ask: Router): Router {
  const known = new Map<string, Route>();
  return (task) => {
    const route = known.get(task) ?? ask(task);
    if (known.size < maxKnown && task.length <= longestKnown) known.set(task, route);
    return route;
  };
}

function toTable(routes: Routes): RoutingTable<Route> {
  if (typeof routes === "function") return (task) => toAnswer(routes(task), task);
  if (typeof routes !== "object" || routes === null)
    refuse(`routes are ${showValue(routes)}: they must be an object, a list of pairs or a function`);
  return (isList(routes) ? routes : Object.entries(routes)).map(toEntry);
}

function toAnswer(route: string | Route | null | undefined, task: string): Route | null {
  refusePromise(route, `routes("${task}")`);
  return route === null || route === undefined ? null : toRoute(route, `routes("${task}")`);
}

function toEntry(entry: readonly [RoutePattern, string | Route]): readonly [RoutePattern, Route] {
  if (!Array.isArray(entry)) refuse(`routes hold ${showValue(entry)}: each must be a pair of pattern and route`);
  const [pattern, route] = entry;
  if (typeof pattern !== "string" && !(pattern instanceof RegExp))
    refuse(`routes: a pattern must be a string or a regular expression; it is ${showValue(pattern)}`);
  return [pattern, toRoute(route, `routes: ${String(pattern)}`)];
}

function toRoute(route: string | Route, where: string): Route {
  const options = typeof route === "string" ? { queue: route } : route;
  if (typeof options !== "object" || options === null)
    refuse(`${where} must be a queue's name or an object of options`);
  const alien = Object.keys(options).find((option) => !names.has(option));
  if (alien !== undefined) refuse(`${where}: a route has no option "${alien}"; it has ${[...names].join(", ")}`);
  const { shards, shardBy, ...said } = options;
  checkCallOptions(said, where);
  if (shards !== undefined || shardBy !== undefined) {
    checkShards(shards, shardBy, where);
    if (options.queue === undefined) refuse(`${where}: shards belong to a queue: name it`);
  }
  return Object.freeze({ ...options });
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}

function isList(routes: Routes): routes is readonly (readonly [RoutePattern, string | Route])[] {
  return Array.isArray(routes);
}
