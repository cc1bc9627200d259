import { createContent } from "@leveret/celery-protocol";
import { decodeControlReply } from "@leveret/celery-protocol/control";
import { controlExchange, controlReplyExchange } from "@leveret/celery-protocol/routing";
import type { Tree } from "@leveret/celery-protocol";
import { encodeControlRequest } from "@leveret/celery-protocol/control";
import { describe, expect, onTestFinished, test } from "vitest";
import { defineTask } from "../../../src/index.ts";
import type { RemoteControlOptions } from "../../../src/worker.ts";
import { createLineLogger } from "../../../src/worker/reporting/log-lines.ts";
import { resolveWorker, type CreateWorkerOptions } from "../../../src/worker/options/worker.ts";
import { startWorker } from "../harness.ts";

const content = createContent();
const add = defineTask("demo.add", (_ctx, x: number, y: number) => x + y);

/** A worker, and a way to ask it. */
async function setUp(remoteControl: boolean | RemoteControlOptions, options: Omit<CreateWorkerOptions, "tasks"> = {}) {
  const harness = await startWorker([add], { ...options, remoteControl, concurrency: 2 });
  onTestFinished(() => harness.worker.stop({ grace: 0 }));
  const replyTo = { exchange: controlReplyExchange().name, routingKey: "me" };
  const queue = { name: "control-replies", durable: true, autoDelete: false, exclusive: false };
  const bound = {
    source: replyTo.exchange,
    destination: queue.name,
    destinationType: "queue",
    routingKey: "me",
  } as const;
  await harness.transport.declare({ exchanges: [controlReplyExchange()], queues: [queue], bindings: [bound] });
  const ask = async (method: string, args: Readonly<Record<string, Tree>> = {}): Promise<unknown> => {
    const everybody = { destination: null, pattern: null, matcher: null, clock: 7, expires: null };
    const request = { method, arguments: args, ticket: "t", replyTo, ...everybody };
    await harness.publish(encodeControlRequest(request, content), { exchange: controlExchange().name, routingKey: "" });
    await harness.settle();
    await harness.settle();
    const last = harness.broker.messages(queue.name).at(-1);
    return last === undefined ? undefined : decodeControlReply(last, content).reply;
  };
  return { ...harness, ask };
}

const refusal = (name: string) => ({ error: `PermissionError('${name} is not allowed on this worker')` });

describe("a worker obeys", () => {
  test("the commands of its allow-list alone, whatever name Celery has for them", async () => {
    const own = { commands: { cache_size: () => 3, drop_cache: () => 0 } };
    const { ask, worker } = await setUp({ allow: ["ping", "active", "cache_size"] }, own);
    expect(await ask("ping")).toEqual({ ok: "pong" });
    expect(await ask("dump_active")).toEqual([]);
    expect(await ask("cache_size")).toBe(3);
    for (const name of ["shutdown", "pool_grow", "revoke", "hello", "conf", "dump_conf", "drop_cache"])
      expect(await ask(name, { task_id: "a", from_node: "x" })).toEqual(refusal(name));
    expect(worker.state).toBe("running");
  });

  test("all commands but those of its deny-list", async () => {
    const { ask, worker } = await setUp({ deny: ["shutdown", "active"] });
    expect(await ask("ping")).toEqual({ ok: "pong" });
    expect(await ask("shutdown")).toEqual(refusal("shutdown"));
    expect(await ask("dump_active")).toEqual(refusal("dump_active"));
    expect(worker.state).toBe("running");
  });

  test("none of an empty allow-list", async () => {
    const { ask } = await setUp({ allow: [] });
    expect(await ask("ping")).toEqual(refusal("ping"));
  });

  test.each<[unknown, RegExp]>([
    [{ allow: ["pong"] }, /remoteControl\.allow\[0\] \("pong"\)\. Give commands among active/],
    [{ allow: "ping" }, /remoteControl\.allow \("ping"\)/],
    [{ deny: [7] }, /remoteControl\.deny\[0\] \(7\)/],
    [{ allow: ["ping"], deny: ["ping"] }, /remoteControl\.deny .*Leave it out/],
    [{ maxConcurrency: 0 }, /remoteControl\.maxConcurrency \(0\)/],
    [{ only: ["ping"] }, /remoteControl\.only/],
    ["yes", /remoteControl \("yes"\)/],
    [null, /remoteControl \(null\)/],
  ])("and refuses the option %j", (remoteControl, reason) => {
    expect(() => resolveWorker({ tasks: [add], remoteControl } as never)).toThrow(reason);
  });
});

describe("numbers and lists of commands are bounded:", () => {
  test.each<[string, Readonly<Record<string, Tree>>, RegExp]>([
    ["pool_grow", { n: 65_535 }, /^ValueError\('the pool of this worker grows to 20 at most'\)$/],
    ["pool_grow", { n: 19 }, /^ValueError/],
    ["pool_grow", { n: -1 }, /^ValueError/],
    ["pool_grow", { n: 1e308 }, /^ValueError/],
    ["pool_grow", { n: "many" }, /^ValueError/],
    ["rate_limit", { task_name: "demo.add", rate_limit: 1e300 }, /^ValueError/],
    ["rate_limit", { task_name: "demo.add", rate_limit: "0.0000001/h" }, /^ValueError/],
    ["time_limit", { task_name: "demo.add", hard: 1e15 }, /^ValueError\('hard must be a number from 0 to 2147483'\)$/],
    ["time_limit", { task_name: "demo.add", soft: -1 }, /^ValueError/],
    ["revoke", { task_id: Array.from({ length: 10_001 }, (_, index) => `id-${index}`) }, /^ValueError/],
    ["revoke", { task_id: "x".repeat(2_000) }, /^ValueError/],
    ["revoke_by_stamped_headers", { headers: { a: Array.from({ length: 10_001 }, () => "x") } }, /^ValueError/],
    ["time_limit", { task_name: "demo.add", hard: 1e-9 }, /setTimeLimit: hard/],
    ["query_task", { ids: Array.from({ length: 10_001 }, () => "a") }, /^ValueError/],
    ["registered", { taskinfoitems: ["x".repeat(2_000)] }, /^ValueError/],
    ["memdump", { samples: 1e9 }, /^ValueError\('samples must be a number from 1 to 1000'\)$/],
  ])("%s %j", async (method, args, error) => {
    const { ask, worker } = await setUp(true);
    expect(await ask(method, args)).toEqual({ error: expect.stringMatching(error) });
    expect(await ask("ping")).toEqual({ ok: "pong" });
    expect(worker.state).toBe("running");
  });

  test("slots up to the bound, and no further in small steps", async () => {
    const { ask } = await setUp({ maxConcurrency: 4 });
    expect(await ask("pool_grow", { n: 2 })).toEqual({ ok: "pool will grow" });
    expect(await ask("pool_grow")).toEqual({ error: expect.stringContaining("grows to 4 at most") });
    expect(await ask("pool_shrink")).toEqual({ ok: "pool will shrink" });
    expect(await ask("pool_grow")).toEqual({ ok: "pool will grow" });
  });

  test("queues that commands add", async () => {
    const { ask } = await setUp(true);
    let refused = 0;
    for (let index = 0; index < 260; index += 1) {
      const answer = (await ask("add_consumer", { queue: `made-up-${index}` })) as object;
      if ("error" in answer) refused += 1;
    }
    expect(refused).toBe(5);
  });
});

test("arguments of a command that fails are not in the log", async () => {
  const canary = "hUnTeR2-cAnArY";
  const boom = (args: object) => {
    throw new Error(`boom ${JSON.stringify(args)}`);
  };
  const { ask, lines } = await setUp(true, { commands: { boom } });
  const calls = [
    ["rate_limit", { task_name: "demo.add", rate_limit: canary }],
    ["rate_limit", { task_name: canary, rate_limit: "1/s" }],
    ["time_limit", { task_name: "demo.add", hard: canary }],
    ["revoke", { task_id: [{ [canary]: 1 }] }],
    ["revoke_by_stamped_headers", { headers: [canary] }],
    ["terminate", { task_id: "a", signal: canary }],
    ["add_consumer", { queue: "a", exchange_type: canary }],
    ["pool_grow", { n: canary }],
    ["boom", { secret: canary }],
  ] as const;
  for (const [method, args] of calls) expect(await ask(method, args as never)).toHaveProperty("error");
  const written: string[] = [];
  const log = createLineLogger({ level: "debug", format: "text", now: () => 0, write: (line) => written.push(line) });
  for (const { message, fields } of lines) log.info(message, fields);
  expect(written.filter((line) => line.includes("a command of remote control failed"))).toHaveLength(calls.length);
  expect(written.join("\n")).not.toContain(canary);
});
