import { threadId } from "node:worker_threads";
import { Decimal, LocalDate, PythonError } from "@leveret/celery-protocol";
import { chain, currentTask, defineTask, group, type TaskRequest, UnroutableError } from "@leveret/celery-amqp";
import { z } from "zod";

// Tasks of the tests of pools: children load this file as the pool's module.

export const add = defineTask("pool.add", (_context, x: number, y: number) => x + y);

/** Which child it runs in: process and thread. */
export const whoami = defineTask("pool.whoami", (): readonly [number, number] => [process.pid, threadId]);

export const echo = defineTask("pool.echo", (_context, value: unknown) => value);

export const values = defineTask("pool.values", () => ({
  big: 2n ** 70n,
  bytes: new Uint8Array([1, 2, 255]),
  date: new Date(0),
  day: new LocalDate("2024-02-29"),
  price: new Decimal("12.3400"),
}));

export const unwritable = defineTask("pool.unwritable", (): unknown => new Map([[1, 2]]));

/** Uses all of the CPU, without looking up. */
export const spin = defineTask("pool.spin", {
  acks: "late",
  rejectOnWorkerLost: true,
  run: (_context, ms: number) => {
    const end = Date.now() + ms;
    while (Date.now() < end);
    return process.pid;
  },
});

export const patient = defineTask("pool.patient", (context) => {
  const { promise, reject } = Promise.withResolvers<never>();
  context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
  const keepAlive = setInterval(() => {}, 60_000);
  return promise.finally(() => clearInterval(keepAlive));
});

/** Sends a task and revokes it: how that ended. */
export const revokes = defineTask("pool.revokes", async ({ client }) => {
  const result = await client.send(patient);
  await result.revoke({ terminate: true });
  return (await result.settled()).status;
});

export const exits = defineTask("pool.exits", (): void => process.exit(3));

export const breaks = defineTask("pool.breaks", () => {
  setImmediate(() => {
    throw new Error("outside of the handler");
  });
  return new Promise<never>(() => {});
});

export const fails = defineTask("pool.fails", () => {
  throw new PythonError("PaymentError", [402, "no funds"], "shop.errors");
});

class Busy extends Error {}

/** Retried automatically, but only where its predicate says so. */
export const flaky = defineTask("pool.flaky", {
  retry: { attempts: 3, delay: 0, when: (error) => error instanceof Busy },
  run: (context, gives: "busy" | "broken") => {
    if (context.attempt === 3) return context.attempt;
    throw gives === "busy" ? new Busy("again") : new TypeError("broken");
  },
});

export const snoozes = defineTask("pool.snoozes", (context) =>
  context.redelivered || context.headers["again"] === true ? "late" : context.snooze(0),
);

/** Asks for a second run with arguments of its own, and gives what that run got. */
export const renewed = defineTask("pool.renewed", {
  parameters: ["value", "by"],
  run: (context, value: unknown, by: unknown = null) =>
    context.attempt === 1
      ? context.retry({ in: 0, args: [new Date(5)], kwargs: { by: 2n ** 70n }, priority: 4, headers: { turn: 2 } })
      : { value, by, priority: context.request.properties.priority, headers: context.headers },
});

/** Asks for a second run whose arguments no message can carry. */
export const unsendable = defineTask("pool.unsendable", (context) => context.retry({ in: 0, args: [() => 1] }));

export const rejects = defineTask("pool.rejects", (context) => context.reject({ reason: "no such customer" }));

export const checked = defineTask("pool.checked", {
  args: z.tuple([z.coerce.number()]),
  returns: z.string(),
  run: (_context, value) => value as unknown as string,
});

export const parent = defineTask("pool.parent", async (context, x: number) => {
  await context.progress({ pct: 50 });
  await context.sendEvent("task-halfway", { pct: 50 });
  context.log.info("half way", { x });
  const sum = await context.client.call(add, x, 1);
  const named = await context.client.sendByName("pool.add", { args: [sum, 1] });
  return [sum, await named.get(), currentTask()?.id === context.id];
});

export const astray = defineTask("pool.astray", async (context) => {
  try {
    await context.client.send(add.with({ exchange: "amq.direct", routingKey: "nowhere" }), 1, 2);
  } catch (error) {
    return error instanceof UnroutableError ? error.routingKey : String(error);
  }
  return "sent";
});

export const total = defineTask("pool.total", (_context, items: readonly number[]) =>
  items.reduce((sum, item) => sum + item, 0),
);

/** Waits for a workflow of its own. */
export const composes = defineTask("pool.composes", (context) =>
  context.client.call(chain(add.s(0, 1), group(add.s(1), add.s(2)), total.s())),
);

export const swaps = defineTask("pool.swaps", (context, x: number) => context.replace(chain(add.s(x, 1), add.s(10))));

export const joins = defineTask("pool.joins", async (context) => {
  await context.addToChord(add.s(20, 20));
  return 1;
});

/** Told of a failure, it leaves word of it. */
export const hears = defineTask(
  "pool.hears",
  async (context, request: TaskRequest, error: Error, _traceback: string | null) =>
    void (await context.client.send(echo.with({ id: `heard-${request.id}` }), [error.name, context.request.hostname])),
);

/** Holds `megabytes` until its child is replaced. */
const held: Uint8Array[] = [];
export const hoard = defineTask("pool.hoard", (_context, megabytes: number) => {
  held.push(new Uint8Array(megabytes * 1e6).fill(1));
  return threadId === 0 ? process.pid : threadId;
});

/** Runs in the worker itself. */
export const here = defineTask("pool.here", { pool: "inline", run: () => process.pid });

export const throws = defineTask("pool.throws", (_context, message: string) => {
  throw new Error(message);
});

export const tellsProgress = defineTask("pool.tellsProgress", (context, meta: string) => context.progress(meta));

export const logs = defineTask("pool.logs", ({ log }, value: string) => log.info("a line", { value }));
