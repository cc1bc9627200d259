import { createRouter as match, type RoutingTable } from "@leveret/celery-protocol/routing";
import { either, functions, instance, list, props, record, type Shape, string, tuple } from "@leveret/options";
import { checkOptions, invalidOption } from "../ports/options.ts";
import type { CallOptions } from "../task/call-options.ts";
import { callShapes } from "../task/call-shape.ts";
import { refusePromise } from "./answered.ts";
import { type ShardBy, shardByShape, shardsShape } from "./sharded-queue.ts";

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

const routeShape = props<Route>({
  queue: callShapes.queue,
  exchange: callShapes.exchange,
  routingKey: callShapes.routingKey,
  priority: callShapes.priority,
  expires: callShapes.expires,
  serializer: callShapes.serializer,
  compression: callShapes.compression,
  protocol: callShapes.protocol,
  persistent: callShapes.persistent,
  timeLimit: callShapes.timeLimit,
  softTimeLimit: callShapes.softTimeLimit,
  ignoreResult: callShapes.ignoreResult,
  shards: shardsShape,
  shardBy: shardByShape,
});

const routeOrQueue = either(routeShape, callShapes.queue);
const pattern: Shape = either(instance("a regular expression", RegExp), string);
const pair = tuple("a pair of pattern and route", pattern, routeOrQueue);

/** The shape of routes. */
export const routesShape: Shape = either(either(record(routeOrQueue), functions), list(pair));

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
  return (isList(routes) ? routes : Object.entries(routes)).map(([matching, route]) => [
    matching,
    toRoute(route, `the route "${String(matching)}"`),
  ]);
}

function toAnswer(route: string | Route | null | undefined, task: string): Route | null {
  refusePromise(route, `routes("${task}")`);
  if (route === null || route === undefined) return null;
  const owner = `the route of "${task}"`;
  checkOptions(routeOrQueue, route, owner);
  return toRoute(route, owner);
}

function toRoute(route: string | Route, owner: string): Route {
  const options = typeof route === "string" ? { queue: route } : route;
  if (options.shards === undefined && options.shardBy !== undefined)
    throw invalidOption(owner, "shardBy", options.shardBy, "Give shards, their number, beside it");
  if (options.queue === undefined && options.shards !== undefined)
    throw invalidOption(owner, "shards", options.shards, "Name the queue of the shards beside them");
  return Object.freeze({ ...options });
}

function isList(routes: Routes): routes is readonly (readonly [RoutePattern, string | Route])[] {
  return Array.isArray(routes);
}
