import { matchesGlob } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
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

/** Which tasks a route is for: a name or a pattern (`images.*`; `*`, `?`, `[a-z]`), or a regular expression for the whole name. */
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
 * Makes routes into a question. The first pattern that fits counts, in the order in which they were given.
 *
 * @throws CeleryError `option-invalid`
 */
export function createRouter(routes: Routes = []): Router {
  if (typeof routes === "function") return (task) => toRoute(routes(task) ?? nowhere, `routes("${task}")`);
  const entries: readonly (readonly [RoutePattern, string | Route])[] = isList(routes)
    ? routes
    : Object.entries(routes);
  const compiled = entries.map(([pattern, route]) => ({
    fits: matcher(pattern),
    route: toRoute(route, `routes: ${String(pattern)}`),
  }));
  const known = new Map<string, Route>();
  return (task) => {
    const route = known.get(task) ?? compiled.find(({ fits }) => fits(task))?.route ?? nowhere;
    if (known.size < maxKnown) known.set(task, route);
    return route;
  };
}

/** Names whose route is remembered; more tasks than this have names made up by the call. */
const maxKnown = 1_000;

function matcher(pattern: RoutePattern): (task: string) => boolean {
  if (typeof pattern === "string") return (task) => task === pattern || matchesGlob(task, pattern);
  if (!(pattern instanceof RegExp))
    throw new CeleryError(
      "option-invalid",
      `routes: a pattern must be a text or a regular expression; it is ${String(pattern)}`,
    );
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ""));
  return (task) => whole.test(task);
}

function toRoute(route: string | Route, where: string): Route {
  const options = typeof route === "string" ? { queue: route } : route;
  if (typeof options !== "object" || options === null)
    throw new CeleryError("option-invalid", `${where} must be a queue's name or an object of options`);
  const alien = Object.keys(options).find((option) => !names.has(option));
  if (alien !== undefined)
    throw new CeleryError(
      "option-invalid",
      `${where}: a route has no option "${alien}"; it has ${[...names].join(", ")}`,
    );
  checkCallOptions(options, where);
  return Object.freeze({ ...options });
}

function isList(routes: Routes): routes is readonly (readonly [RoutePattern, string | Route])[] {
  return Array.isArray(routes);
}
