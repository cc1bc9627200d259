import { randomUUID } from "node:crypto";
import { brotli, bzip2, msgpack, xz, yaml, zlib, zstd } from "@leveret/celery-codecs";
import { type Client, type CreateClientOptions, createClient, defineTask } from "../../../src/index.ts";
import { createWorker, type Worker, type CreateWorkerOptions } from "../../../src/worker.ts";

/** Everything Celery may send in, so that what is refused is refused by choice. */
const content = {
  serializers: [yaml, msgpack],
  compressors: [zlib, brotli, zstd, bzip2, xz],
  accept: ["json", "yaml", "msgpack"],
};

/** A queue nobody else uses. */
export function freshQueue(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`;
}

export function ourClient(brokerUrl: string, options: Partial<CreateClientOptions> = {}): Client {
  return createClient({ broker: brokerUrl, ...content, ...options });
}

/** A started worker of ours, on one queue. */
export async function ourWorker(
  brokerUrl: string,
  queue: string,
  options: Partial<CreateWorkerOptions> = {},
): Promise<Worker> {
  const worker = createWorker({
    broker: brokerUrl,
    tasks: ourTasks,
    queues: [queue],
    logLevel: "error",
    ...content,
    ...options,
  });
  await worker.start();
  return worker;
}

function describeKind(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? value.constructor.name : typeof value;
}

class ValueError extends Error {
  override readonly name = "ValueError";
}

class Refused extends Error {
  override readonly name = "Refused";
}

/** The tasks of app.py, on our side. */
export const ourTasks = [
  defineTask("interop.add", (_ctx, x: number, y: number) => x + y),
  defineTask("interop.echo", (_ctx, ...args: unknown[]) => args),
  defineTask("interop.kinds", (_ctx, ...args: unknown[]) => args.map((arg) => [describeKind(arg), String(arg)])),
  defineTask("interop.length", (_ctx, text: string) => Array.from(text).length),
  defineTask("interop.fail", (_ctx, message: string): never => {
    throw new ValueError(message);
  }),
  defineTask("interop.refuse", (_ctx, message: string): never => {
    throw new Refused(message);
  }),
  defineTask("interop.progress", async (ctx, steps: number) => {
    for (let step = 0; step < steps; step += 1) await ctx.progress({ step });
    return steps;
  }),
  defineTask("interop.retry_once", (ctx) => {
    if (ctx.attempt === 1) ctx.retry({ in: 0 });
    return ctx.attempt - 1;
  }),
  defineTask("interop.tell", (ctx) => ctx.sendEvent("task-halfway", { percent: 50 })),
  defineTask("interop.hold", ({ signal }) => {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => reject(signal.reason as Error));
    return promise;
  }),
  defineTask("interop.retry_later", (ctx) => {
    if (ctx.attempt === 1) ctx.retry({ in: "3s" });
    return ctx.attempt - 1;
  }),
  defineTask("interop.keywords", { keywords: true, run: (_ctx, input: Record<string, unknown>) => input }),
  defineTask("interop.when", () => Date.now() / 1000),
  defineTask("interop.request", (ctx) => ({
    id: ctx.id,
    rootId: ctx.rootId,
    parentId: ctx.parentId,
    attempt: ctx.attempt,
    priority: ctx.message.priority,
    eta: ctx.message.eta?.text ?? null,
    expires: ctx.message.expires?.text ?? null,
    timeLimit: [ctx.message.timeLimit.hardSeconds, ctx.message.timeLimit.softSeconds],
    protocol: ctx.message.protocol,
    headers: ctx.headers,
    argsRepr: ctx.message.argsRepr,
  })),
];
