import { type CallTerms, callTerms, type Mint, type WireRoute, withFormedLinks } from "@leveret/celery-protocol/canvas";
import { CeleryError } from "../ports/errors.ts";
import { type CallOptions, mergeOptions } from "../task/call-options.ts";
import { checkCallOptions } from "../task/call-shape.ts";
import { durationMs } from "../ports/duration.ts";
import type { TaskDefinition } from "../task/task.ts";
import { wireOptions } from "../task/wire-signature.ts";
import { readable } from "./chords.ts";
import type { SendOptions } from "./destination.ts";
import type { Route, Router } from "./routes.ts";

/** The dependencies of a planner. */
export interface PlannerParts {
  readonly router: Router;
  /** Defaults of options that neither call nor route has. */
  readonly defaults: Pick<CallOptions, "serializer" | "compression">;
  /** Tasks of this process: their options apply to calls in canvases, also of other programs. Default none. */
  readonly tasks?: readonly TaskDefinition[];
}

/** Everything that follows from the name and options of a call, without its arguments. */
export interface Plan {
  readonly terms: CallTerms;
  readonly sendOptions: SendOptions;
  readonly signal: AbortSignal | null;
}

/** Merges calls with their routes. Calls of one task share their options, so a plan is made once for all of them. */
export class Planner {
  readonly #parts: PlannerParts;
  readonly #owns: ReadonlyMap<string, WireRoute["options"]>;
  readonly #routes = new WeakMap<Route, WireRoute>();
  readonly #plans = new WeakMap<
    CallOptions,
    { readonly name: string; readonly route: WireRoute; readonly plan: Plan }
  >();

  constructor(parts: PlannerParts) {
    this.#parts = parts;
    const { tasks = [] } = parts;
    const known = tasks.filter((task) => Object.keys(task?.options ?? {}).length > 0);
    this.#owns = new Map(known.map(({ name, options }) => [name, wireOptions(options)]));
  }

  routesOf(): Mint["routeOf"] {
    return this.termsOf;
  }

  /** The options of a task over its route, for the protocol's composer. */
  readonly termsOf = (name: string, task: string): WireRoute => {
    const route = this.routeOf(name);
    const own = this.#owns.get(task);
    return own === undefined ? route : { ...route, options: { ...route.options, ...own } };
  };

  /** The route of a task over the defaults. */
  readonly routeOf = (name: string): WireRoute => {
    const { router, defaults } = this.#parts;
    const route = router(name);
    const known = this.#routes.get(route);
    if (known !== undefined) return known;
    const { protocol } = route;
    const options = wireOptions(mergeOptions(defaults, route));
    const wire = { options, ...(protocol !== undefined && { protocol }) };
    this.#routes.set(route, wire);
    return wire;
  };

  /** @throws CeleryError `option-invalid` */
  plan(name: string, said: CallOptions): Plan {
    const route = this.routeOf(name);
    const known = this.#plans.get(said);
    if (known?.name === name && known.route === route) return known.plan;
    const plan = planCall(name, said, route);
    if (Object.isFrozen(said)) this.#plans.set(said, { name, route, plan });
    return plan;
  }
}

/**
 * The plan of a call on this route.
 *
 * @throws CeleryError `option-invalid` for options that contradict each other or what protocol 1 can carry
 */
export function planCall(name: string, said: CallOptions, route: WireRoute): Plan {
  const where = `Call of "${name}"`;
  checkCallOptions(said, `the call of "${name}"`);
  const { protocol = route.protocol, eta, countdown, shardKey, publishTimeout, signal = null } = said;
  if (eta !== undefined && countdown !== undefined) refuse(`${where}: give eta or countdown, not both`);
  if (protocol === 1 && said.stamps !== undefined)
    refuse(`${where}: protocol 1 carries no stamps; leave them out, or send by protocol 2`);
  const sendOptions: SendOptions = {
    ...(shardKey !== undefined && { shardKey }),
    ...(publishTimeout !== undefined && { publishTimeoutMs: durationMs(publishTimeout, `${where}: publishTimeout`) }),
  };
  const options = wireOptions(said, `${where}: `);
  const terms = readable(
    () => callTerms(name, withFormedLinks(options), { ...route, ...(protocol !== undefined && { protocol }) }),
    `${where}: `,
  );
  const { hardSeconds, softSeconds } = terms.message.timeLimit;
  if (hardSeconds !== null && softSeconds !== null && softSeconds > hardSeconds)
    refuse(`${where}: softTimeLimit (${softSeconds} s) is longer than timeLimit (${hardSeconds} s)`);
  return { terms, sendOptions, signal };
}

function refuse(message: string): never {
  throw new CeleryError("option-invalid", message);
}
