import type { Address } from "../wire/message.ts";
import { matchesGlob } from "./glob.ts";
import type { TaskQueueOptions } from "./names.ts";

/**
 * Routes of tasks, Celery's `task_routes`: a table of exact names, shell patterns with `*` and regular expressions, or
 * a function. A regular expression must match from the start of the name, as in Python.
 */
export type RoutingTable<Route> =
  | Readonly<Record<string, Route>>
  | readonly (readonly [RegExp | string, Route])[]
  | ((task: string) => Route | null | undefined);

/** Returns the route of a task, or null where none matches. */
export type Router<Route> = (task: string) => Route | null;

/**
 * Creates a router. An exact name has precedence at any position, then patterns and regular expressions in their order.
 * Source: celery/app/routes.py `MapRoute`.
 */
export function createRouter<Route>(routes: RoutingTable<Route>): Router<Route> {
  if (typeof routes === "function") return (task) => routes(task) ?? null;
  const entries: readonly (readonly [RegExp | string, Route])[] = isList(routes) ? routes : Object.entries(routes);
  const exact = new Map(entries.filter(([key]) => typeof key === "string" && !key.includes("*")));
  const patterns = entries.filter(([key]) => !exact.has(key)).map(([key, route]) => ({ fits: matcher(key), route }));
  return (task) => exact.get(task) ?? patterns.find(({ fits }) => fits(task))?.route ?? null;
}

function isList<Route>(routes: RoutingTable<Route>): routes is readonly (readonly [RegExp | string, Route])[] {
  return Array.isArray(routes);
}

function matcher(key: RegExp | string): (task: string) => boolean {
  if (typeof key === "string") return (task) => matchesGlob(task, key);
  const fromStart = new RegExp(`^(?:${key.source})`, key.flags.replaceAll(/[gmy]/g, ""));
  return (task) => fromStart.test(task);
}

/** Exchange and routing key of a call, beside its queue. */
export interface ExplicitAddress {
  /** Exchange that the call names. */
  readonly exchange?: string | null | undefined;
  /** Routing key that the call names. */
  readonly routingKey?: string | null | undefined;
}

/**
 * The address of a message for a queue. A queue on a direct exchange is addressed by its name on the default exchange,
 * unless the call has both exchange and routing key; a queue on any other exchange through that exchange. An empty
 * routing key is valid, while Celery treats it as absent: a queue may be bound by it. Source: celery/app/amqp.py
 * `send_task_message`; recorded in `task-conf`.
 */
export function taskAddress(queue: string, options: TaskQueueOptions = {}, explicit: ExplicitAddress = {}): Address {
  const { exchange = queue, exchangeType = "direct", routingKey = queue } = options;
  const namedKey = explicit.routingKey ?? null;
  if ((!explicit.exchange || namedKey === null) && exchangeType === "direct") {
    return { exchange: "", routingKey: queue };
  }
  if (explicit.exchange) return { exchange: explicit.exchange, routingKey: namedKey ?? "" };
  return { exchange, routingKey: namedKey ?? routingKey };
}
