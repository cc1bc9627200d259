import type { TravellingArguments } from "../task/arguments.ts";
import { type CallOptions, mergeOptions } from "../task/call-options.ts";
import { durationMs } from "../task/duration.ts";
import { checkCallOptions } from "./check-options.ts";
import { destinationOf, type Spreading, spreadingOf, toShard } from "./destination.ts";
import type { Way } from "./dispatch.ts";
import type { QueueTable } from "./queue-table.ts";
import type { Route, Router } from "./routes.ts";
import type { Spread } from "./sharded-queue.ts";

/** What calls are planned by. */
export interface PlannerParts {
  readonly router: Router;
  readonly queues: QueueTable;
  readonly defaultQueue: string;
  /** What calls and routes leave open. */
  readonly defaults: Pick<CallOptions, "serializer" | "compression">;
  readonly spread: Spread;
}

/** What follows from the name and the options of a call, whatever its arguments. */
export interface Plan {
  readonly name: string;
  readonly route: Route;
  /** The call's options over the route's over the defaults. */
  readonly options: CallOptions;
  /** Where its messages go, unless the queue is spread over shards. */
  readonly way: Way;
  /** Null: they all go one way. */
  readonly spreading: Spreading | null;
}

/** Checks and routes calls. Calls of one task share their options, so a plan is made once for all of them. */
export class Planner {
  readonly #parts: PlannerParts;
  readonly #plans = new WeakMap<CallOptions, Plan>();

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /** @throws CeleryError `option-invalid` */
  plan(name: string, said: CallOptions): Plan {
    const route = this.#parts.router(name);
    const known = this.#plans.get(said);
    if (known?.name === name && known.route === route) return known;
    const plan = this.#make(name, said, route);
    if (Object.isFrozen(said)) this.#plans.set(said, plan);
    return plan;
  }

  /**
   * The way of one call.
   *
   * @throws CeleryError `option-invalid` where a rule of sharding answers with what is no key
   */
  wayOf({ name: task, options, spreading, way }: Plan, args: TravellingArguments): Way {
    if (spreading === null) return way;
    const shard = this.#parts.spread.shard(spreading, options.shardKey, { task, ...args });
    return { ...way, ...toShard(spreading, shard) };
  }

  #make(name: string, said: CallOptions, route: Route): Plan {
    const { defaults, queues, defaultQueue } = this.#parts;
    const where = `Call of "${name}"`;
    checkCallOptions(said, where);
    const options = mergeOptions(mergeOptions(defaults, route), said);
    const { publishTimeout } = options;
    const timeout =
      publishTimeout === undefined ? {} : { publishTimeoutMs: durationMs(publishTimeout, `${where}: publishTimeout`) };
    const way = { ...destinationOf(options, queues, defaultQueue), ...timeout };
    const spreading = spreadingOf(options, route, queues, defaultQueue);
    return { name, route, options, way, spreading };
  }
}
