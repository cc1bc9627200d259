import type { Address } from "../wire/message.ts";
import { matchesGlob } from "./glob.ts";
import type { TaskQueueOptions } from "./names.ts";

/**
 * Which route a task takes, Celery's `task_routes`: a table of exact names, shell patterns with `*` and regular
 * expressions, or a function. A regular expression counts where it matches from the start of the name, as in Python.
 */
export type RoutingTable<Route> =
  | Readonly<Record<string, Route>>
  | readonly (readonly [RegExp | string, Route])[]
  | ((task: string) => Route | null | undefined);

/** The route of a task, or null where none fits. */
export type Router<Route> = (task: string) => Route | null;

/**
 * Makes a question of routes. An exact name comes first wherever it stands, then patterns and regular expressions in
 * their order. Source: celery/app/routes.py `MapRoute`.
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

/** Where a call wants its message published, beyond the queue. */
export interface ExplicitAddress {
  readonly exchange?: string | null | undefined;
  readonly routingKey?: string | null | undefined;
}

/**
 * Where a message for a queue is published. A queue on a direct exchange is reached through the default exchange by its
 * name, unless the call gives exchange and routing key both; a queue on any other exchange through that exchange. An empty
 * routing key is given, which Celery takes for none: it is the key of a queue that is bound by it.
 * Source: celery/app/amqp.py `send_task_message`; recorded in `task-conf`.
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
