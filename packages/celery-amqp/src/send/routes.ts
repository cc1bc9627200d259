import { matchesGlob } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import type { CallOptions } from "../task/call-options.ts";
import { checkCallOptions } from "./check-options.ts";

/** What a route may say: the options of a call that do not belong to one call alone. */
export type Route = Pick<
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
>;

/** Which tasks a route is for: a name or a pattern (`images.*`; `*`, `?`, `[a-z]`), or a regular expression. */
export type RoutePattern = string | RegExp;

/**
 * Routes as a user writes them, Celery's `task_routes`: pattern to queue or options, in an object or, with regular
 * expressions, in a list of pairs; or a function of the task's name. The first that fits counts.
 */
export type Routes =
  | Readonly<Record<string, string | Route>>
  | readonly (readonly [RoutePattern, string | Route])[]
  | ((task: string) => string | Route | null | undefined);

/** The route of a task; empty where none fits. */
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
] satisfies (keyof Route)[]);

const nowhere: Route = Object.freeze({});

/**
 * Makes routes into a question. An exact name wins, then the first pattern that fits counts, as in Celery.
 *
 * @throws CeleryError `option-invalid`; where routes are a function, when it answers with what is no route
 */
export function createRouter(routes: Routes = []): Router {
  if (typeof routes === "function") return (task) => toRoute(routes(task) ?? nowhere, `routes("${task}")`);
  if (typeof routes !== "object" || routes === null)
    refuse(`routes are ${showValue(routes)}: they must be an object, a list of pairs or a function`);
  const entries = (isList(routes) ? routes : Object.entries(routes)).map(toEntry);
  const exact = new Map(entries.toReversed().map(({ pattern, route }) => [pattern, route]));
  const known = new Map<string, Route>();
  return (task) => {
    const route = known.get(task) ?? exact.get(task) ?? entries.find(({ fits }) => fits(task))?.route ?? nowhere;
    if (known.size < maxKnown) known.set(task, route);
    return route;
  };
}

/** Names whose route is remembered; where there are more, they are made up by the call. */
const maxKnown = 1_000;

interface Entry {
  readonly pattern: RoutePattern;
  readonly fits: (task: string) => boolean;
  readonly route: Route;
}

function toEntry(entry: readonly [RoutePattern, string | Route]): Entry {
  if (!Array.isArray(entry)) refuse(`routes hold ${showValue(entry)}: each must be a pair of pattern and route`);
  const [pattern, route] = entry;
  return { pattern, fits: matcher(pattern), route: toRoute(route, `routes: ${String(pattern)}`) };
}

function matcher(pattern: RoutePattern): (task: string) => boolean {
  if (typeof pattern === "string") return (task) => matchesGlob(task, pattern);
  if (!(pattern instanceof RegExp))
    refuse(`routes: a pattern must be a text or a regular expression; it is ${showValue(pattern)}`);
  const stateless = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
  return (task) => stateless.test(task);
}

function toRoute(route: string | Route, where: string): Route {
  const options = typeof route === "string" ? { queue: route } : route;
  if (typeof options !== "object" || options === null)
    refuse(`${where} must be a queue's name or an object of options`);
  const alien = Object.keys(options).find((option) => !names.has(option));
  if (alien !== undefined) refuse(`${where}: a route has no option "${alien}"; it has ${[...names].join(", ")}`);
  checkCallOptions(options, where);
  return Object.freeze({ ...options });
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}

function isList(routes: Routes): routes is readonly (readonly [RoutePattern, string | Route])[] {
  return Array.isArray(routes);
}
