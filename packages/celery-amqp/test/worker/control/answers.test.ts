import { uptime } from "node:os";
import { createContent, type Tree } from "@leveret/celery-protocol";
import { decodeControlReply, encodeControlRequest } from "@leveret/celery-protocol/control";
import { controlExchange, controlReplyExchange } from "@leveret/celery-protocol/routing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { defineTask } from "../../../src/index.ts";
import type { CreateWorkerOptions } from "../../../src/worker/options/worker.ts";
import { startWorker } from "../harness.ts";

// What a worker answers to each command, in the shapes that were recorded of Celery's.

const content = createContent();
const add = defineTask("demo.add", (_ctx, x: number, y: number) => x + y);
const limited = defineTask("demo.limited", { rateLimit: "2/s", run: () => null });
const hold = defineTask("demo.hold", ({ signal }) => {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason as Error));
  return promise;
});

/** A worker, and a way to ask it that knows nothing of our client. */
async function setUp(options: Omit<CreateWorkerOptions, "tasks"> = {}) {
  const harness = await startWorker([add, limited, hold], { remoteControl: true, concurrency: 2, ...options });
  await harness.settle(); // it says hello to itself
  onTestFinished(async () => {
    const stopped = harness.worker.stop({ grace: 0 });
    await harness.clock.advance(60_000);
    await stopped;
  });
  const replyTo = { exchange: controlReplyExchange().name, routingKey: "me" };
  const queue = { name: "control-replies", durable: true, autoDelete: false, exclusive: false };
  const bound = {
    source: replyTo.exchange,
    destination: queue.name,
    destinationType: "queue",
    routingKey: "me",
  } as const;
  await harness.transport.declare({ exchanges: [controlReplyExchange()], queues: [queue], bindings: [bound] });
  const everybody = { destination: null, pattern: null, matcher: null, clock: 7, expires: null };
  const tell = async (method: string, args: Readonly<Record<string, Tree>> = {}, wants: object = {}) => {
    const request = { method, arguments: args, ticket: "t-1", replyTo, ...everybody, ...wants };
    await harness.publish(encodeControlRequest(request, content), { exchange: controlExchange().name, routingKey: "" });
    await harness.settle();
    await harness.settle();
  };
  const replies = () => harness.broker.messages(queue.name).map((message) => decodeControlReply(message, content));
  const ask = async (method: string, args: Readonly<Record<string, Tree>> = {}): Promise<unknown> => {
    await tell(method, args);
    return replies().at(-1)?.reply;
  };
  return { ...harness, tell, replies, ask };
}

describe("a worker answers", () => {
  test.each([
    ["ping", {}, { ok: "pong" }],
    ["active", {}, []],
    ["dump_active", {}, []],
    ["reserved", {}, []],
    ["scheduled", {}, []],
    ["revoked", {}, []],
    ["query_task", { ids: ["unknown"] }, {}],
    ["registered", {}, ["demo.add", "demo.hold", "demo.limited [rate_limit=2/s]"]],
    [
      "registered",
      { taskinfoitems: ["max_retries", "nonsense"] },
      expect.arrayContaining(["demo.add [max_retries=3]"]),
    ],
    ["hello", { from_node: "celery@box" }, null],
    ["rate_limit", { task_name: "demo.add", rate_limit: "10/m" }, { ok: "new rate limit set successfully" }],
    ["rate_limit", { task_name: "demo.add", rate_limit: 0 }, { ok: "rate limit disabled successfully" }],
    ["rate_limit", { task_name: "no.such", rate_limit: "1/s" }, { error: "unknown task" }],
    [
      "rate_limit",
      { task_name: "demo.add", rate_limit: "often" },
      { error: `Invalid rate limit string: ValueError("could not convert string to float: 'often'")` },
    ],
    ["rate_limit", { task_name: "demo.add", rate_limit: "1/y" }, { error: "KeyError('y')" }],
    [
      "rate_limit",
      { bogus: 1 },
      { error: `TypeError("rate_limit() missing 2 required positional arguments: 'task_name' and 'rate_limit'")` },
    ],
    ["time_limit", { task_name: "demo.add", hard: 60, soft: 30 }, { ok: "time limits set successfully" }],
    ["time_limit", { task_name: "no.such", hard: 60 }, { error: "unknown task" }],
    ["time_limit", { task_name: "demo.add", hard: "soon" }, { error: "TypeError('hard must be a number')" }],
    ["revoke", { task_id: "id-c", terminate: false }, { ok: "tasks {'id-c'} flagged as revoked" }],
    ["revoke", { task_id: ["id-zzz"], terminate: true, signal: "SIGTERM" }, { ok: "terminate: tasks unknown" }],
    ["terminate", { task_id: "id-zzz", signal: "KILL" }, { ok: "terminate: tasks unknown" }],
    [
      "terminate",
      { task_id: "id-zzz", signal: "SIGFOO" },
      { error: `AttributeError("module 'signal' has no attribute 'SIGFOO'")` },
    ],
    [
      "revoke_by_stamped_headers",
      { headers: { monitor: ["abc"] }, terminate: false },
      { ok: "headers {'monitor': ['abc']} flagged as revoked, but not terminated" },
    ],
    [
      "revoke_by_stamped_headers",
      { headers: ["monitor=abc"], terminate: true },
      { ok: "headers {'monitor': 'abc'} were not terminated" },
    ],
    ["add_consumer", { queue: "extra", exchange: null, exchange_type: "direct" }, { ok: "add consumer extra" }],
    ["cancel_consumer", { queue: "extra" }, { ok: "no longer consuming from extra" }],
    ["pool_grow", { n: 1 }, { ok: "pool will grow" }],
    ["pool_shrink", {}, { ok: "pool will shrink" }],
    ["pool_restart", {}, { error: "ValueError('Pool restarts not enabled')" }],
    ["autoscale", { max: 4, min: 1 }, { error: "ValueError('Autoscale not enabled')" }],
    ["heartbeat", {}, null],
    ["election", { id: "el-1", topic: "task", action: null }, null],
    ["objgraph", {}, { error: "ImportError('Requires the objgraph library')" }],
    ["memsample", {}, expect.stringMatching(/^[\d.]+MB$/)],
    ["memdump", {}, expect.stringMatching(/^- rss \(end\): [\d.]+MB\.\n$/)],
    ["report", {}, { ok: expect.stringContaining("software -> leveret:") }],
    ["frobnicate", {}, { error: "KeyError('frobnicate')" }],
    ["enable_events", {}, { error: "event dispatcher unavailable" }],
    ["enable_events", { x: 1 }, { error: `TypeError("enable_events() got an unexpected keyword argument 'x'")` }],
  ] as const)("%s %j", async (method, args, expected) => {
    const { ask } = await setUp();
    expect(await ask(method, args)).toEqual(expected);
  });

  test("with its name, the request's ticket and its own clock", async () => {
    const { tell, replies } = await setUp();
    await tell("clock");
    expect(replies()).toEqual([{ nodeName: "celery@box", ticket: "t-1", reply: { clock: 8 }, clock: 9 }]);
  });

  test("only what it is meant by", async () => {
    const { tell, replies } = await setUp();
    await tell("ping", {}, { destination: ["other@box"] });
    await tell("ping", {}, { pattern: "other*", matcher: "glob" });
    await tell("ping", {}, { pattern: "(", matcher: "pcre" });
    await tell("ping", {}, { replyTo: null, ticket: null });
    expect(replies()).toEqual([]);
    await tell("ping", {}, { pattern: "cel.*@b", matcher: "pcre" });
    // The library for regular expressions is loaded for the first of them.
    await vi.waitFor(() => expect(replies()).toHaveLength(1), { timeout: 20_000 });
    await tell("ping", {}, { destination: ["celery@box"] });
    expect(replies()).toHaveLength(2);
  });

  test("while all slots are busy, and shows what is where", async () => {
    const { ask, send, settle, clock } = await setUp({ queues: [{ name: "celery", prefetch: 4 }] });
    const eta = new Date(clock.now() + 1_500).toISOString().replace("Z", "789+00:00");
    await send({ id: "one", task: "demo.hold", args: [] });
    await send({ id: "two", task: "demo.hold", shadow: "nicer", argsRepr: "('hidden',)" });
    await settle();
    await send({ id: "three", task: "demo.add", args: [1, 2], priority: 3 });
    await send({ id: "later", task: "demo.add", args: [1, 2], eta: { text: eta, epochMs: Date.parse(eta) } });
    await settle();
    const info = {
      args: [],
      kwargs: {},
      type: "demo.hold",
      hostname: "celery@box",
      time_start: clock.now() / 1_000,
      acknowledged: false,
      delivery_info: { exchange: "", routing_key: "celery", priority: null, redelivered: false },
      worker_pid: 4242,
    };
    expect(await ask("active")).toEqual([
      { ...info, id: "one", name: "demo.hold" },
      { ...info, id: "two", name: "nicer" },
    ]);
    expect(await ask("active", { safe: true })).toMatchObject([{}, { args: "('hidden',)" }]);
    expect(await ask("scheduled")).toMatchObject([
      { eta, priority: 6, request: { id: "later", time_start: null, worker_pid: null } },
    ]);
    expect(await ask("query_task", { ids: ["one", "later", "unknown"] })).toMatchObject({
      one: ["active", { id: "one" }],
      later: ["scheduled", { id: "later" }],
    });
    expect(await ask("stats")).toMatchObject({
      total: { "demo.hold": 2 },
      pid: 4242,
      clock: expect.stringMatching(/^\d+$/) as unknown,
      uptime: 0,
      pool: { "max-concurrency": 2, processes: [4242], "max-tasks-per-child": "N/A", timeouts: [0, 0] },
      broker: { transport: "memory" },
      rusage: { utime: expect.any(Number) as unknown, maxrss: expect.any(Number) as unknown },
    });
  });

  test("what waits for a slot as reserved", async () => {
    const { ask, send, settle } = await setUp({ concurrency: 1, queues: [{ name: "celery", prefetch: 2 }] });
    await send({ id: "one", task: "demo.hold" });
    await send({ id: "two", task: "demo.add", args: [1, 2] });
    await settle();
    expect(await ask("reserved")).toMatchObject([{ id: "two", args: [1, 2], time_start: null, worker_pid: null }]);
    expect(await ask("query_task", { ids: "two" })).toMatchObject({ two: ["reserved", { id: "two" }] });
    expect(await ask("revoke", { task_id: ["two"], terminate: true })).toEqual({ ok: "terminate: two" });
    expect(await ask("reserved")).toEqual([]);
    expect(await ask("revoked")).toEqual(["two"]);
  });

  test("with its queues and settings", async () => {
    const { ask } = await setUp({
      queues: ["celery", { name: "images", exchange: "pictures", exchangeType: "topic" }],
    });
    const queue = {
      name: "celery",
      exchange: {
        name: "celery",
        type: "direct",
        arguments: null,
        durable: true,
        passive: false,
        auto_delete: false,
        delivery_mode: null,
        no_declare: false,
      },
      routing_key: "celery",
      queue_arguments: null,
      binding_arguments: null,
      consumer_arguments: null,
      durable: true,
      exclusive: false,
      auto_delete: false,
      no_ack: false,
      alias: null,
      bindings: [],
      no_declare: null,
      expires: null,
      message_ttl: null,
      max_length: null,
      max_length_bytes: null,
      max_priority: null,
    };
    expect(await ask("active_queues")).toMatchObject([queue, { name: "images", exchange: { name: "pictures" } }]);
    expect(await ask("conf")).toMatchObject({ worker_concurrency: 2, task_queues: ["celery", "images"] });
    expect(await ask("conf")).not.toHaveProperty("timezone");
    expect(await ask("conf", { with_defaults: true })).toMatchObject({ timezone: "UTC", result_backend: "rpc://" });
  });

  test("hello with what it knows as revoked, and learns what the other knows", async () => {
    const { ask, send, settle, events } = await setUp();
    await ask("hello", { from_node: "other@box", revoked: { gone: uptime() - 60 } });
    const answer = await ask("hello", { from_node: "third@box", revoked: ["away"] });
    const time: unknown = expect.any(Number);
    expect(answer).toMatchObject({ revoked: { gone: [time, "gone"], away: [time, "away"] } });
    await send({ id: "gone", task: "demo.add", args: [1, 2] });
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "taskRevoked", task: { id: "gone" } });
  });

  test("and ends what runs", async () => {
    const { ask, send, settle, clock, events } = await setUp();
    await send({ id: "one", task: "demo.hold", stampedHeaders: ["mark"], stamps: { mark: "g1" } });
    await send({ id: "two", task: "demo.hold" });
    await settle();
    expect(await ask("revoke_by_stamped_headers", { headers: { mark: ["g1"] }, terminate: true })).toEqual({
      ok: "headers defaultdict(<class 'set'>, {'mark': {'g1'}}) revoked",
    });
    expect(await ask("terminate", { task_id: ["two", "three"], signal: "SIGTERM" })).toEqual({ ok: "terminate: two" });
    await clock.advance(2_000);
    const ended = events.filter(({ type }) => type === "taskRevoked");
    expect(ended).toMatchObject([{ task: { id: "one" } }, { task: { id: "two" } }]);
  });

  test("nothing where it has no remote control", async () => {
    const { tell, worker } = await setUp({ remoteControl: false });
    await expect(tell("shutdown")).rejects.toMatchObject({ code: "not-found" }); // nobody has made the exchange
    expect(worker.state).toBe("running");
    await expect(setUp({ remoteControl: "no" as never })).rejects.toMatchObject({ code: "option-invalid" });
  });

  test("and nothing more after a shutdown", async () => {
    const { tell, replies, worker, clock } = await setUp();
    await tell("shutdown", { msg: "enough" });
    await clock.advance(30_000);
    expect(worker.state).toBe("stopped");
    expect(replies()).toEqual([]);
  });
});

describe("commands of the user's", () => {
  test("are given the arguments as values and the worker, and answer or fail", async () => {
    const { ask } = await setUp({
      commands: {
        flush_cache: async ({ prefix }, worker) => ({ prefix, name: worker.name, at: new Date(0) }),
        broken: () => {
          throw new RangeError("it's too far");
        },
        nothing: () => undefined,
        unwritable: () => ({ f: () => 1 }),
      },
    });
    expect(await ask("flush_cache", { prefix: "a" })).toMatchObject({ prefix: "a", name: "celery@box" });
    expect(await ask("broken")).toEqual({ error: `RangeError("it's too far")` });
    expect(await ask("nothing")).toBeNull();
    expect(await ask("unwritable")).toMatchObject({ error: expect.any(String) as unknown });
  });

  test.each([
    [{ ping: () => 1 }, "ping"],
    [{ dump_conf: () => 1 }, "dump_conf"],
    [{ mine: 1 }, "commands"],
    [[], "commands"],
  ])("are refused: %j", async (commands, text) => {
    await expect(startWorker([add], { commands: commands as never })).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining(text) as unknown,
    });
  });
});
