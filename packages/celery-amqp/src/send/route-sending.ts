import { expirationMs, formatIso, type Sending, type TaskMessage, toValue } from "@leveret/celery-protocol";
import type { TravellingArguments } from "../task/arguments.ts";
import type { CallOptions } from "../task/call-options.ts";
import { durationMs } from "../task/duration.ts";
import type { Way } from "./dispatch.ts";
import type { Plan } from "./plan.ts";

/** Who checks and routes calls: here, or in the process that holds the connection. */
export interface CallPlanner {
  /** @throws CeleryError `option-invalid` */
  plan(name: string, said: CallOptions): Plan | Promise<Plan>;
  /** The way of one call on a sharded queue. Throws, or rejects, as `plan`. */
  wayOf(plan: Plan, args: TravellingArguments): Way | Promise<Way>;
}

const nothingSaid: CallOptions = Object.freeze({});

/**
 * The message of a canvas with what its route says of it, and its way.
 *
 * @param options - of the whole; its `publishTimeout` is that of each message
 * @param now - epoch milliseconds
 * @throws CeleryError `option-invalid`
 */
export async function routeSending(
  { task, to, routeName }: Sending,
  planner: CallPlanner,
  { publishTimeout }: CallOptions,
  now: number,
): Promise<{ readonly message: TaskMessage; readonly way: Way }> {
  const timeout = publishTimeout === undefined ? nothingSaid : { publishTimeout };
  const address = to?.exchange === "" ? { queue: to.routingKey } : to;
  const planned = planner.plan(routeName, address === null ? timeout : { ...timeout, ...address });
  const plan = planned instanceof Promise ? await planned : planned;
  const way = plan.spreading === null ? plan.way : await planner.wayOf(plan, argumentsOf(task));
  return { message: withRoute(task, plan.options, { isRouted: to === null, now }), way };
}

function argumentsOf({ args, kwargs }: TaskMessage): TravellingArguments {
  return {
    args: toValue(args) as readonly unknown[],
    kwargs: toValue(kwargs) as Readonly<Record<string, unknown>>,
  };
}

interface Routed {
  /** The call names no queue. */
  readonly isRouted: boolean;
  readonly now: number;
}

/** What the call left open, the route and the defaults say. A priority of 0 is what nobody has said. */
function withRoute(task: TaskMessage, route: CallOptions, { isRouted, now }: Routed): TaskMessage {
  const { hardSeconds, softSeconds } = task.timeLimit;
  return {
    ...task,
    ...expiryOf(task, route, now),
    protocol: route.protocol ?? task.protocol,
    serializer: task.serializer === "json" ? (route.serializer ?? "json") : task.serializer,
    compression: task.compression ?? route.compression ?? null,
    priority: isRouted && task.priority === 0 ? (route.priority ?? 0) : task.priority,
    persistent: task.persistent && route.persistent !== false,
    ignoreResult: task.ignoreResult === true || route.ignoreResult === true,
    timeLimit: {
      hardSeconds: hardSeconds ?? secondsOf(route.timeLimit),
      softSeconds: softSeconds ?? secondsOf(route.softTimeLimit),
    },
  };
}

function expiryOf(task: TaskMessage, { expires }: CallOptions, now: number): Partial<TaskMessage> {
  if (task.expires !== null || expires === undefined) return {};
  const epochMs = expires instanceof Date ? expires.getTime() : now + durationMs(expires, "expires");
  const time = { epochMs, text: formatIso(epochMs) };
  return { expires: time, expirationMs: expirationMs(time, now) };
}

function secondsOf(duration: CallOptions["timeLimit"]): number | null {
  return duration === undefined ? null : durationMs(duration, "timeLimit") / 1_000;
}
