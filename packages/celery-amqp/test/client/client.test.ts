import { eventExchange } from "@leveret/celery-protocol/routing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  CeleryError,
  createClient,
  defineTask,
  PublishTimeoutError,
  ResultTimeoutError,
  SendManyError,
  TaskFailedError,
  TaskRevokedError,
} from "../../src/index.ts";
import { runAsTask } from "../../src/task/current-task.ts";
import type { TaskContext } from "../../src/task/context.ts";
import { createLab, failure, rejection, revoked, state, success } from "./lab.ts";

const add = defineTask("math.add", (_context, x: number, y: number) => x + y);
const resize = defineTask("images.resize", {
  input: z.object({ url: z.url(), width: z.number(), format: z.string().default("webp") }),
  returns: z.object({ at: z.coerce.date() }),
  queue: "images",
});

function* tooFew() {
  yield add.s(1, 2);
  throw new RangeError("out of rows");
}

describe("sending", () => {
  test("resolves when the broker has the message, in the queue that it declared as Celery does", async () => {
    const lab = createLab();
    const result = await lab.client().send(add, 2, 3);
    const [task] = lab.tasks("celery");
    expect(task).toMatchObject({
      id: result.id,
      task: "math.add",
      args: [2, 3],
      kwargs: {},
      priority: 0,
      rootId: result.id,
    });
    expect(lab.broker.queues()).toContain("celery");
  });

  test("tells monitors of it where it is told so, also when the client is closed at once", async () => {
    const lab = createLab();
    const exchange = eventExchange();
    await lab.declare({
      exchanges: [exchange],
      queues: [{ name: "monitor", durable: true, autoDelete: false, exclusive: false }],
      bindings: [{ source: exchange.name, destination: "monitor", destinationType: "queue", routingKey: "task.sent" }],
    });
    const quiet = lab.client();
    await quiet.send(add, 1, 2);
    await quiet.close();
    const client = lab.client({ taskSentEvents: true });
    const { id } = await client.send(add, 2, 3);
    await client.close();
    const [message, ...others] = lab.messages("monitor");
    expect(others).toEqual([]);
    expect(JSON.parse(Buffer.from(message?.body ?? []).toString())).toMatchObject({
      hostname: expect.stringMatching(/^gen\d+@/),
      pid: process.pid,
      clock: 1,
      type: "task-sent",
      uuid: id,
      root_id: id,
      parent_id: null,
      name: "math.add",
      args: "(2, 3)",
      kwargs: "{}",
      retries: 0,
      eta: null,
      expires: null,
      queue: "celery",
      exchange: "",
      routing_key: "celery",
    });
  });

  test("sends an input as keyword arguments, as the caller gave it", async () => {
    const lab = createLab();
    await lab.client().send(resize, { url: "https://a/b.png", width: 320 });
    const [task] = lab.tasks("images");
    expect(task).toMatchObject({ args: [], kwargs: { url: "https://a/b.png", width: 320 }, priority: 0 });
  });

  test("refuses arguments that do not pass the schema, with its issues, and sends nothing", async () => {
    const lab = createLab();
    const sent = lab.client().send(resize, { url: "nowhere", width: 1 });
    await expect(sent).rejects.toMatchObject({ code: "arguments-invalid", message: expect.stringContaining("url") });
    expect(lab.broker.queues()).toEqual([]);
  });

  test("leaves the check to the worker when told to", async () => {
    const lab = createLab();
    await lab.client({ validate: false }).send(resize, { url: "nowhere", width: 1 });
    expect(lab.tasks("images")).toHaveLength(1);
  });

  test("follows routes where call and task say nothing", async () => {
    const lab = createLab();
    const client = lab.client({ routes: { "math.*": { queue: "maths", priority: 6 }, "images.*": "other" } });
    await client.send(add, 1, 2);
    await client.send(add.with({ queue: "mine" }), 1, 2);
    await client.send(resize, { url: "https://a/b.png", width: 1 });
    expect(lab.tasks("maths")).toMatchObject([{ priority: 6 }]);
    expect(lab.tasks("mine")).toMatchObject([{ priority: 6 }]);
    expect(lab.tasks("images")).toHaveLength(1);
  });

  test("sends tasks by name, whatever their arguments", async () => {
    const lab = createLab();
    await lab.client().sendByName("py.task", { args: [1], kwargs: { deep: { list: [1, null] } }, id: "my-id" });
    expect(lab.tasks("celery")).toMatchObject([
      { id: "my-id", task: "py.task", args: [1], kwargs: { deep: { list: [1, null] } } },
    ]);
  });

  test("makes the running task the parent of what it sends", async () => {
    const lab = createLab();
    const client = lab.client();
    const context = { id: "parent", rootId: "root" } as TaskContext;
    await runAsTask(context, () => client.send(add, 1, 2));
    expect(lab.tasks("celery")).toMatchObject([{ parentId: "parent", rootId: "root" }]);
  });

  test("passes interceptors, the first outermost, who may change the message", async () => {
    const lab = createLab();
    const seen: string[] = [];
    const named = (name: string) => ({
      send: async (task: never, next: (task: never) => Promise<void>) => {
        seen.push(`${name} before`);
        await next({ ...(task as object), extraHeaders: { trace: name } } as never);
        seen.push(`${name} after`);
      },
    });
    await lab.client({ interceptors: [named("a"), {}, named("b")] }).send(add, 1, 2);
    expect(seen).toEqual(["a before", "b before", "b after", "a after"]);
    expect(lab.tasks("celery")).toMatchObject([{ extraHeaders: { trace: "b" } }]);
  });

  test("is aborted by the caller's signal before it begins", async () => {
    const lab = createLab();
    const aborted = lab.client().send(add.with({ signal: AbortSignal.abort("user left") }), 1, 2);
    await expect(aborted).rejects.toMatchObject({ code: "aborted", cause: "user left" });
    expect(lab.broker.queues()).not.toContain("celery");
  });

  test("is aborted by the caller's signal while the broker keeps silent", async () => {
    const lab = createLab();
    const controller = new AbortController();
    lab.broker.holdConfirms();
    const sent = lab.client().send(add.with({ signal: controller.signal }), 1, 2);
    const refused = rejection(sent);
    await lab.clock.advance(1_000);
    controller.abort();
    expect(await refused).toMatchObject({ code: "aborted" });
    lab.broker.releaseConfirms();
  });
});

describe("sending many", () => {
  test("keeps the order of the calls and never more under way than allowed", async () => {
    const lab = createLab();
    const ways: (() => void)[] = [];
    const hold = {
      send: async (task: never, next: (task: never) => Promise<void>) => {
        await new Promise<void>((resolve) => ways.push(resolve));
        await next(task);
      },
    };
    const calls = Array.from({ length: 9 }, (_, index) => add.s(index, 1).with({ id: `id-${index}` }));
    const sent = lab.client({ interceptors: [hold] }).sendMany(calls, { inFlight: 7 });
    await lab.clock.advance(0);
    expect(ways).toHaveLength(7);
    for (const release of ways) release();
    await lab.clock.advance(0);
    for (const release of ways) release();
    expect((await sent).map(({ id }) => id)).toEqual(calls.map(({ options }) => options.id));
    expect(lab.tasks("celery")).toHaveLength(9);
  });

  test("takes calls as they come from an async iterable and stops taking at the first failure", async () => {
    const lab = createLab();
    let taken = 0;
    async function* calls() {
      for (taken = 1; ; taken += 1) yield taken === 3 ? add.s(1, 2).with({ priority: 999 }) : add.s(taken, 0);
    }
    await expect(lab.client().sendMany(calls(), { inFlight: 1 })).rejects.toMatchObject({ code: "option-invalid" });
    expect(taken).toBeLessThan(6);
    expect(lab.tasks("celery").length).toBeGreaterThanOrEqual(2);
  });

  test("says at a failure which calls were sent, which may have arrived, and which were not", async () => {
    const lab = createLab();
    const calls = ["a", "b", "c", "d"].map((id) => add.s(1, 2).with({ id }));
    let count = 0;
    const fate = {
      send: async (task: never, next: (task: never) => Promise<void>) => {
        count += 1;
        if (count === 3) throw new PublishTimeoutError(1_000, "no answer", "unknown");
        if (count === 4) throw new PublishTimeoutError(1_000, "no connection", "not-sent");
        await next(task);
      },
    };
    const error: unknown = await lab
      .client({ interceptors: [fate] })
      .sendMany(calls, { inFlight: 4 })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SendManyError);
    expect(error).toMatchObject({
      code: "publish-timeout",
      message: expect.stringMatching(/^sendMany stopped: .*2 of 4 calls were sent, 1 may have arrived/) as string,
      sent: ["a", "b"],
      unknown: ["c"],
      notSent: ["d"],
      taken: 4,
    });
    expect(error).toHaveProperty("cause.outcome", "unknown");
    expect(lab.tasks("celery").map(({ id }) => id)).toEqual(["a", "b"]);
  });

  test.each([
    ["unroutable", "notSent"],
    ["publish-nacked", "notSent"],
    ["publish-refused", "notSent"],
    ["overloaded", "notSent"],
    ["message-too-large", "notSent"],
    ["encode-failed", "notSent"],
    ["connection-lost", "unknown"],
    ["closed", "unknown"],
    ["aborted", "unknown"],
  ] as const)("counts a call that ends in %s among %s", async (code, list) => {
    const refuse = { send: () => Promise.reject(new CeleryError(code, "no")) };
    const error: unknown = await createLab()
      .client({ interceptors: [refuse] })
      .sendMany([add.s(1, 2).with({ id: "a" })])
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, sent: [], unknown: [], notSent: [], [list]: ["a"] });
  });

  test("says so of a call that was wrong before it had a message", async () => {
    const calls = [add.s(1, 2).with({ id: "a" }), add.s(1, 2).with({ id: "b", priority: 999 })];
    const error: unknown = await createLab()
      .client()
      .sendMany(calls, { inFlight: 1 })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "option-invalid", sent: ["a"], unknown: [], notSent: ["b"], taken: 2 });
  });

  test("passes on what the iterable throws, after those under way have ended", async () => {
    const lab = createLab();
    await expect(lab.client().sendMany(tooFew())).rejects.toThrow(RangeError);
    expect(lab.tasks("celery")).toHaveLength(1);
  });
});

describe("results over rpc", () => {
  test("come back to the caller, made into the schema's output", async () => {
    const lab = createLab();
    await lab.serve("images", (task) => [success(task, { at: "2026-01-01T00:00:00Z" })]);
    const result = await lab.client().send(resize, { url: "https://a/b.png", width: 1 });
    expect(await result.get()).toEqual({ at: new Date("2026-01-01T00:00:00Z") });
    expect(await result.get()).toEqual({ at: new Date("2026-01-01T00:00:00Z") });
    expect(result.state).toBe("SUCCESS");
  });

  test("are refused where they do not pass the schema", async () => {
    const lab = createLab();
    await lab.serve("images", (task) => [success(task, "nothing like it")]);
    const called = lab.client().call(resize, { url: "https://a/b.png", width: 1 });
    await expect(called).rejects.toMatchObject({ code: "arguments-invalid" });
  });

  test("come to a reply queue that is declared before the first message leaves", async () => {
    const lab = createLab();
    const client = lab.client();
    await client.send(add, 1, 2);
    const [task] = lab.tasks("celery");
    expect(lab.broker.queues().indexOf(task?.replyTo ?? "")).toBeLessThan(lab.broker.queues().indexOf("celery"));
    expect(task?.replyTo).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("are kept for those who ask later, also by id", async () => {
    const lab = createLab();
    await lab.serve("celery", (task) => [success(task, 5)]);
    const client = lab.client();
    const { id } = await client.send(add, 2, 3);
    await lab.clock.advance(0);
    expect(await client.result(id, add).get()).toBe(5);
    await client.result(id).forget();
    expect(client.result(id).state).toBe("PENDING");
  });

  test("tell a failure with all that the worker said, and the class that was registered for it", async () => {
    class OutOfStock extends Error {}
    const lab = createLab();
    await lab.serve("celery", (task) => [failure(task, "OutOfStock", ["book", "7"], "shop.errors")]);
    const client = lab.client({ errorClasses: { "shop.errors.OutOfStock": OutOfStock } });
    const result = await client.send(add, 1, 2);
    const error: unknown = await result.get().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TaskFailedError);
    expect(error).toMatchObject({
      code: "task-failed",
      taskId: result.id,
      excType: "OutOfStock",
      excModule: "shop.errors",
      excMessage: "book, 7",
      excArgs: ["book", "7"],
      traceback: "Traceback …",
      cause: expect.any(OutOfStock),
    });
    expect(await result.settled()).toEqual({ status: "FAILURE", error: expect.any(TaskFailedError) });
  });

  test("tell a revoke", async () => {
    const lab = createLab();
    await lab.serve("celery", (task) => [revoked(task, "expired")]);
    const error: unknown = await lab
      .client()
      .call(add, 1, 2)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TaskRevokedError);
    expect(error).toMatchObject({ reason: "expired" });
  });

  test("are states one can follow, up to the final one", async () => {
    const lab = createLab();
    await lab.serve("celery", (task) => [
      state(task, "PROGRESS", { done: 1 }),
      state(task, "PROGRESS", { done: 2 }),
      success(task, 3),
    ]);
    const result = await lab.client().send(add, 1, 2);
    const seen = [];
    for await (const each of result.states()) seen.push(each);
    expect(seen.at(-1)).toEqual({ status: "SUCCESS", meta: 3 });
    expect(seen.slice(0, -1).every(({ status }) => status === "PROGRESS")).toBe(true);
  });

  test("that never come end the waiting in time, and may be asked for again", async () => {
    const lab = createLab();
    const result = await lab.client().send(add, 1, 2);
    const late = rejection(result.get({ timeout: "5s" }));
    await lab.clock.advance(5_000);
    expect(await late).toBeInstanceOf(ResultTimeoutError);
    await lab.serve("celery", (task) => [success(task, 3)]);
    expect(await result.get({ timeout: "5s" })).toBe(3);
    expect(lab.clock.pending).toBe(0);
  });

  test("stop being awaited when the caller's signal is aborted", async () => {
    const lab = createLab();
    const controller = new AbortController();
    const result = await lab.client().send(add, 1, 2);
    const aborted = rejection(result.get({ signal: controller.signal }));
    controller.abort();
    expect(await aborted).toMatchObject({ code: "aborted" });
    await expect(result.get({ signal: controller.signal })).rejects.toMatchObject({ code: "aborted" });
  });

  test("go on coming after the connection was lost", async () => {
    const lab = createLab();
    await lab.serve("celery", (task) => [success(task, 3)]);
    const client = lab.client();
    expect(await client.call(add, 1, 2)).toBe(3);
    lab.broker.drop();
    await lab.clock.advance(0);
    expect(await client.call(add, 1, 2)).toBe(3);
  });

  test("beyond the limit are given up, and whoever asks is told", async () => {
    const lab = createLab();
    await lab.serve("celery", (task) => [success(task, 3)]);
    const client = lab.client({ keepResults: { maxResults: 2 } });
    const results = await client.sendMany([add.s(1, 1), add.s(1, 2), add.s(1, 3)]);
    await lab.clock.advance(0);
    await expect(results[0]?.get()).rejects.toMatchObject({ code: "result-lost" });
    expect(await results[2]?.get()).toBe(3);
  });

  test("that cannot be read end the waiting", async () => {
    const lab = createLab();
    const client = lab.client();
    const result = await client.send(add, 1, 2);
    const lost = rejection(result.get());
    const [task] = lab.tasks("celery");
    const reply = {
      headers: {},
      properties: { contentType: "application/json", correlationId: result.id },
      body: Buffer.from("{"),
    };
    lab.broker.publish(reply, { exchange: "", routingKey: task?.replyTo ?? "" }, false, () => {});
    expect(await lost).toMatchObject({ code: "result-lost" });
  });

  test("are not to be had where none were asked for", async () => {
    const lab = createLab();
    const disabled = { code: "results-disabled" };
    await expect((await lab.client().send(add.with({ ignoreResult: true }), 1, 2)).get()).rejects.toMatchObject(
      disabled,
    );
    await expect((await lab.client().send(add.with({ replyTo: "elsewhere" }), 1, 2)).get()).rejects.toMatchObject(
      disabled,
    );
    await expect(lab.client({ results: false }).call(add, 1, 2)).rejects.toMatchObject(disabled);
    expect(lab.tasks("celery").map(({ ignoreResult }) => ignoreResult)).toEqual([true, false, false]);
  });

  test("that nobody awaits trouble nobody", async () => {
    const lab = createLab();
    await lab.serve("celery", (task) => [failure(task, "ValueError", ["boom"])]);
    const client = lab.client();
    await client.send(add, 1, 2);
    await lab.clock.advance(0);
    await client.close();
    expect(client.state).toBe("closed");
  });
});

describe("results in a queue for each task", () => {
  test("come from workers that answer to the task's own queue, which is gone afterwards", async () => {
    const lab = createLab();
    const taken = await lab.serve("celery", (task) => [success(task, 5)]);
    const client = lab.client({ results: "amqp" });
    const result = await client.send(add.with({ protocol: 1 }), 2, 3);
    expect(await result.get()).toBe(5);
    await lab.clock.advance(0);
    expect(taken[0]).toMatchObject({ protocol: 1, replyTo: result.id.replaceAll("-", "") });
    expect(lab.broker.queues()).toEqual(["celery"]);
  });

  test("outlast a wait that ended too early", async () => {
    const lab = createLab();
    const client = lab.client({ results: "amqp" });
    const result = await client.send(add, 2, 3);
    const late = rejection(result.get({ timeout: 1 }));
    await lab.clock.advance(1_000);
    expect(await late).toBeInstanceOf(ResultTimeoutError);
    await lab.serve("celery", (task) => [state(task, "PROGRESS", 1), success(task, 5)]);
    expect(await result.get()).toBe(5);
  });

  test("can be asked for by a client that did not send the task", async () => {
    const lab = createLab();
    await lab.serve("celery", (task) => [success(task, 5)]);
    const { id } = await lab.client({ results: "amqp" }).send(add, 2, 3);
    await lab.clock.advance(0);
    const other = lab.client({ results: "amqp" });
    expect(other.state).toBe("idle");
    expect(await other.result(id, add).get()).toBe(5);
  });

  test("can be forgotten, the queue with them", async () => {
    const lab = createLab();
    const result = await lab.client({ results: "amqp" }).send(add, 2, 3);
    await result.forget();
    expect(lab.broker.queues()).toEqual(["celery"]);
  });

  test("cannot be asked for while no broker answers, and that is said", async () => {
    const lab = createLab();
    lab.broker.stop();
    const asked = lab.client({ results: "amqp" }).result("id").get();
    await expect(asked).rejects.toMatchObject({ code: "broker-unreachable" });
  });

  test("that cannot be read end the waiting, and the queue is left", async () => {
    const lab = createLab();
    const client = lab.client({ results: "amqp" });
    const result = await client.send(add.with({ id: "a-b" }), 2, 3);
    const lost = rejection(result.get());
    await lab.clock.advance(0);
    const reply = { headers: {}, properties: { contentType: "text/plain" }, body: Buffer.from("5") };
    lab.broker.publish(reply, { exchange: "", routingKey: "ab" }, true, () => {});
    expect(await lost).toMatchObject({ code: "result-lost" });
    await lab.clock.advance(0);
    expect(lab.broker.queues()).toEqual(["celery"]);
  });

  test("are answered by our worker also without a reply queue, by the final state alone", async () => {
    const lab = createLab();
    await lab.serve("celery", (task) => [state(task, "PROGRESS", 1), success(task, 5)]);
    await lab.client({ results: false }).send(add.with({ protocol: 1, id: "a-b-c" }), 2, 3);
    await lab.clock.advance(0);
    expect(lab.messages("abc")).toHaveLength(1);
    expect(lab.messages("abc")[0]?.properties).toMatchObject({ persistent: true });
  });
});

describe("an outbox", () => {
  test("holds the finished message, which is published later under the same id", async () => {
    const lab = createLab();
    const client = lab.client();
    await lab.serve("celery", (task) => [success(task, 3)]);
    const row = await client.prepare(add.s(1, 2).with({ id: "row-1", expires: "60s" }));
    expect(row).toMatchObject({ id: "row-1", exchange: "", routingKey: "celery", queue: "celery" });
    expect(row.properties.expirationMs).toBeUndefined();
    expect(client.state).toBe("idle");
    await lab.clock.advance(20_000);
    const stored = { ...(JSON.parse(JSON.stringify({ ...row, body: null })) as typeof row), body: row.body };
    expect(await client.relay([stored])).toEqual([{ id: "row-1", status: "confirmed" }]);
    expect(await client.result("row-1").get()).toBe(3);
  });

  test("says of each row what became of it", async () => {
    const lab = createLab();
    const client = lab.client({ results: false });
    const rows = await Promise.all([client.prepare(add.s(1, 2)), client.prepare(add.s(3, 4))]);
    lab.broker.refuseNext(1);
    expect(await client.relay(rows)).toMatchObject([
      { status: "failed", error: { code: "publish-nacked" } },
      { status: "confirmed" },
    ]);
  });

  test("is told when an interceptor keeps the message back", async () => {
    const lab = createLab();
    const client = lab.client({ interceptors: [{ send: async () => {} }] });
    await expect(client.prepare(add.s(1, 2))).rejects.toMatchObject({ code: "option-invalid" });
  });
});

describe("a client", () => {
  test("says where its connection is", async () => {
    const lab = createLab();
    const client = lab.client();
    const states: string[] = [];
    const stop = client.onState((each) => states.push(each));
    expect(client.state).toBe("idle");
    await client.connect();
    stop();
    await client.close();
    expect(states).toEqual(["connecting", "open"]);
    expect(client.state).toBe("closed");
  });

  test("says at once that no broker answers, and tries again at the next send", async () => {
    const lab = createLab();
    lab.broker.stop();
    const client = lab.client();
    await expect(client.send(add, 1, 2)).rejects.toMatchObject({ code: "broker-unreachable" });
    lab.broker.start();
    await client.send(add, 1, 2);
    expect(lab.tasks("celery")).toHaveLength(1);
  });

  test("ends with all confirms in, and takes nothing afterwards", async () => {
    const lab = createLab();
    const client = lab.client();
    await client.connect();
    lab.broker.holdConfirms();
    const sent = client.send(add, 1, 2);
    const refused = rejection(client.call(add, 1, 2));
    await lab.clock.advance(0);
    const closed = client.close();
    lab.broker.releaseConfirms();
    await Promise.all([closed, sent, client.close()]);
    expect(await refused).toMatchObject({ code: "closed" });
    await expect(client.send(add, 1, 2)).rejects.toMatchObject({ code: "closed" });
    await expect(client.connect()).rejects.toMatchObject({ code: "closed" });
    await expect((await sent).get()).rejects.toMatchObject({ code: "closed" });
  });

  test("is closed in bounded time where the broker keeps silent, and says so to who sends", async () => {
    const lab = createLab();
    const client = lab.client();
    await client.connect();
    lab.broker.holdConfirms();
    const lost = rejection(client.send(add, 1, 2));
    await lab.clock.advance(0);
    const closed = client.close({ timeout: "1s" });
    await lab.clock.advance(40_000);
    await closed;
    expect(await lost).toBeInstanceOf(Error);
  });

  test.each([
    [{ broker: "http://localhost" }],
    [{ broker: [] }],
    [{ results: "mongodb" }],
    [{ declare: "yes" }],
    [{ serializer: 3 }],
    [{ routes: { "a.*": { quue: "x" } } }],
    [{ routes: { "a.*": 7 } }],
    [{ routes: [[5, "q"]] }],
    [{ accept: ["pickle"] }],
    [{ brokr: "amqp://localhost" }],
    [{ interceptors: {} }],
  ])("refuses the options %j", (options) => {
    const refusal = expect.objectContaining({ name: "CeleryError", code: "option-invalid" });
    expect(() => createClient(options as never)).toThrow(refusal);
  });

  test.each([
    [
      () =>
        createLab()
          .client()
          .send("math.add" as never),
    ],
    [
      () =>
        createLab()
          .client()
          .send(undefined as never),
    ],
    [() => createLab().client().sendByName("")],
    [
      () =>
        createLab()
          .client()
          .sendByName("x", { args: {} as never }),
    ],
    [
      () =>
        createLab()
          .client()
          .sendByName("x", { kwargs: [] as never }),
    ],
    [async () => createLab().client().result("")],
    [() => createLab().client().sendMany([], { inFlight: 0 })],
  ])("refuses what is no call (%#)", async (call) => {
    await expect(call()).rejects.toMatchObject({ name: "CeleryError", code: "option-invalid" });
  });

  test("says which value cannot be sent", async () => {
    const send = createLab()
      .client()
      .sendByName("x", { args: [new Set([1])] });
    await expect(send).rejects.toMatchObject({ code: "encode-failed", message: expect.stringContaining('"x"') });
  });
});
