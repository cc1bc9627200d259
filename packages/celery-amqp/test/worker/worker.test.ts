import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineTask } from "../../src/task/definition.ts";
import type { TaskDefinition } from "../../src/task/task.ts";
import { createHarness, startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(60_000);
  await stopped;
});

const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);

/** Runs one task and returns the states that its sender heard of. */
async function statesOf(task: TaskDefinition, fields: Record<string, unknown> = {}): Promise<unknown[]> {
  harness = await startWorker([task]);
  await harness.send({ id: "id", task: task.name, ...fields });
  await harness.settle();
  return [...(await harness.results())];
}

const three = defineTask("demo.three", {
  parameters: ["x", "y", "z"],
  run: (_context, x: number, y: number, third: number) => x + y + third,
});
const defaulted = defineTask("demo.defaulted", (_context, x: number, y: number | null = null) => x + (y ?? 2));

describe("a worker", () => {
  test("runs a task, stores its result, acks it", async () => {
    expect(await statesOf(add, { args: [2, 3] })).toMatchObject([{ taskId: "id", status: "SUCCESS", result: 5 }]);
    expect(harness?.broker.messages("celery")).toEqual([]);
    expect(harness?.events.map((event) => event.type)).toEqual([
      "stateChanged",
      "stateChanged",
      "taskReceived",
      "taskStarted",
      "taskSucceeded",
    ]);
  });

  test("runs as many tasks at once as it was told, and holds no more messages", async () => {
    let running = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const slow = defineTask("demo.slow", async () => {
      most = Math.max(most, (running += 1));
      await new Promise<void>((resolve) => gates.push(resolve));
      running -= 1;
    });
    harness = await startWorker([slow], { concurrency: 2 });
    for (let sent = 0; sent < 5; sent += 1) await harness.send({ task: "demo.slow" });
    await harness.settle();
    expect(running).toBe(2);
    expect(harness.broker.messages("celery")).toHaveLength(3);
    while (gates.length > 0) {
      gates.shift()?.();
      await harness.settle();
    }
    expect(most).toBe(2);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("stores nothing for a task whose result nobody wants", async () => {
    expect(await statesOf(add, { args: [2, 3], ignoreResult: true })).toEqual([]);
  });

  test("tells a failure by its Python name, with the stack as its traceback", async () => {
    const fail = defineTask("demo.fail", () => {
      throw new TypeError("no", { cause: new Error("deep") });
    });
    expect(await statesOf(fail)).toMatchObject([
      {
        status: "FAILURE",
        exception: { type: "TypeError", module: "builtins", args: ["no"] },
        traceback: expect.stringMatching(/TypeError: no\n.*at [\s\S]*Caused by: Error: deep/),
      },
    ]);
  });

  test("fails a task whose result cannot be written", async () => {
    const odd = defineTask("demo.odd", (): unknown => new Set([1]));
    expect(await statesOf(odd)).toMatchObject([
      { status: "FAILURE", exception: { type: "EncodeError", module: "kombu.exceptions" } },
    ]);
    expect(harness?.broker.messages("celery")).toEqual([]);
  });

  test("does not mind a result that cannot be written where nobody wants it", async () => {
    const odd = defineTask("demo.odd", (): unknown => new Set([1]));
    await statesOf(odd, { ignoreResult: true });
    expect(harness?.events.at(-1)?.type).toBe("taskSucceeded");
  });

  test("stores STARTED first where it is tracked", async () => {
    const tracked = defineTask("demo.tracked", { trackStarted: true, run: () => 1 });
    expect(await statesOf(tracked)).toMatchObject([
      { status: "STARTED", result: { pid: 4242, hostname: "celery@box" } },
      { status: "SUCCESS", result: 1 },
    ]);
  });

  test("stores progress and states of the task's own", async () => {
    const upload = defineTask("demo.upload", async (context) => {
      await context.progress({ sent: 1 });
      await context.setState("VERIFYING");
      return "done";
    });
    expect(await statesOf(upload)).toMatchObject([
      { status: "OTHER", state: "PROGRESS", result: { sent: 1 } },
      { status: "OTHER", state: "VERIFYING", result: null },
      { status: "SUCCESS", result: "done" },
    ]);
  });

  test("refuses a state that Celery writes itself", async () => {
    const liar = defineTask("demo.liar", (context) => context.setState("SUCCESS", 1));
    expect(await statesOf(liar)).toMatchObject([{ status: "FAILURE" }]);
  });

  test("acks early where the task asks for it", async () => {
    let waiting = -1;
    const early = defineTask("demo.early", {
      acks: "early",
      run: async () => {
        await harness?.worker.stop({ grace: 0 });
        waiting = harness?.broker.messages("celery").length ?? -1;
      },
    });
    harness = await startWorker([early]);
    await harness.send({ task: "demo.early" });
    await harness.clock.advance(5000);
    expect(waiting).toBe(0);
  });

  test("runs what Python sends to a task with keyword arguments, its defaults filled in", async () => {
    const sms = defineTask("demo.sms", {
      input: z.object({ phone: z.string(), text: z.string().default("hi") }),
      run: (_context, { phone, text }) => `${phone}: ${text}`,
    });
    expect(await statesOf(sms, { kwargs: { phone: "123" } })).toMatchObject([{ result: "123: hi" }]);
  });

  test("leaves out arguments that a caller left out at the end", async () => {
    const greet = defineTask(
      "demo.greet",
      (_context, name: string, greeting: string | null = null) => `${greeting ?? "hi"} ${name}`,
    );
    expect(await statesOf(greet, { args: ["you"] })).toMatchObject([{ result: "hi you" }]);
  });

  test.each([
    ["surplus arguments", add, { args: [1, 2, 3] }, "TypeError", /takes 2 positional arguments but 3 were given/],
    [
      "a missing argument",
      add,
      { args: [1] },
      "TypeError",
      /^demo.add\(\) missing 1 required positional argument: 'y' /,
    ],
    ["no arguments", add, {}, "TypeError", /missing 2 required positional arguments: 'x' and 'y' \(/],
    ["no arguments of three", three, {}, "TypeError", /arguments: 'x', 'y', and 'z' \(/],
    ["a missing argument before a default", defaulted, {}, "TypeError", /missing 1 .*: argument 1 \(/],
    ["a missing argument beside a keyword", three, { args: [1], kwargs: { z: 3 } }, "TypeError", /argument: 'y' \(/],
    [
      "an unknown keyword",
      three,
      { args: [1, 2, 3], kwargs: { w: 4 } },
      "TypeError",
      /unexpected keyword argument "w"/,
    ],
    [
      "an unknown keyword and a missing argument",
      three,
      { kwargs: { w: 4 } },
      "TypeError",
      /unexpected keyword argument/,
    ],
    ["an argument by position and by name", three, { args: [1, 2], kwargs: { x: 3 } }, "TypeError", /multiple values/],
    ["keyword arguments to a positional task", add, { kwargs: { x: 1 } }, "TypeError", /positional arguments only/],
    [
      "positional arguments to a keyword task",
      defineTask("demo.sms", { input: z.object({ phone: z.string() }), run: () => 1 }),
      { args: [1] },
      "TypeError",
      /keyword arguments only/,
    ],
    [
      "arguments that do not pass the schema",
      defineTask("demo.sms", { input: z.object({ phone: z.string() }), retry: { attempts: 5 }, run: () => 1 }),
      { kwargs: { phone: 5 } },
      "ValueError",
      /phone/,
    ],
  ])("fails and keeps a task called with %s, and never tries it again", async (_name, task, fields, type, message) => {
    expect(await statesOf(task, fields)).toMatchObject([
      { status: "FAILURE", exception: { type, module: "builtins", args: [expect.stringMatching(message)] } },
    ]);
    expect(harness?.broker.messages("celery.dead")).toMatchObject([
      { headers: { "x-leveret-reason": "arguments-invalid", "x-leveret-attempts": 1 } },
    ]);
  });

  test("checks what a handler returns, and hands on what it returned", async () => {
    const sized = defineTask("demo.sized", {
      args: z.tuple([z.number()]),
      returns: z.number().max(5),
      run: (_c, n) => n,
    });
    expect(await statesOf(sized, { args: [5] })).toMatchObject([{ status: "SUCCESS", result: 5 }]);
    await harness?.worker.stop();
    expect(await statesOf(sized, { args: [6] })).toMatchObject([{ status: "FAILURE" }]);
  });

  test("sends children that know their parent, and names them in its result", async () => {
    const child = defineTask("demo.child", () => 1);
    const parent = defineTask("demo.parent", async (context) => {
      await context.client.send(child.with({ id: "child-id" }));
    });
    harness = await startWorker([parent, child]);
    await harness.send({ id: "id", task: "demo.parent", rootId: "root" });
    await harness.settle();
    const received = harness.events.filter((event) => event.type === "taskReceived");
    expect(received.at(-1)).toMatchObject({ task: { id: "child-id", parentId: "id", rootId: "root" } });
    expect(await harness.results()).toMatchObject([{ taskId: "id", children: [[["child-id", null], null]] }]);
  });

  test("lets a handler await the result of its child", async () => {
    const child = defineTask("demo.child", (_context, n: number) => n * 2);
    const parent = defineTask("demo.parent", (context, n: number) => context.client.call(child, n));
    harness = await startWorker([parent, child]);
    await harness.send({ id: "id", task: "demo.parent", args: [4] });
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ taskId: "id", result: 8 }]);
  });

  test("wraps handlers in interceptors, the first outermost", async () => {
    const seen: string[] = [];
    const around = (name: string) => ({
      run: async (_task: unknown, next: () => Promise<unknown>) => {
        seen.push(`${name} in`);
        const result = await next();
        seen.push(`${name} out`);
        return result;
      },
    });
    harness = await startWorker([add], { interceptors: [around("a"), around("b")] });
    await harness.send({ id: "id", task: "demo.add", args: [1, 1] });
    await harness.settle();
    expect(seen).toEqual(["a in", "b in", "b out", "a out"]);
  });

  test("survives a listener that throws", async () => {
    harness = await startWorker([add]);
    harness.worker.on("taskReceived", () => {
      throw new Error("listener");
    });
    harness.worker.on("taskStarted", () => Promise.reject(new Error("listener")) as never);
    await harness.send({ id: "id", task: "demo.add", args: [1, 1] });
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ result: 2 }]);
    expect(harness.lines.filter((line) => line.message === "a listener threw")).toHaveLength(2);
  });

  test("says one line for each thing that happens to a task, without arguments or results", async () => {
    await statesOf(add, { args: ["secret-", "value"] });
    const lines = harness?.lines.filter((line) => line.fields["id"] === "id");
    expect(lines?.map((line) => `${line.level} ${line.message}`)).toEqual([
      "debug task received",
      "debug task started",
      "info task succeeded",
    ]);
    expect(JSON.stringify(harness?.lines)).not.toContain("secret");
  });
});

describe("what cannot run", () => {
  test("goes to the dead queue as it came, with the reasons in its headers", async () => {
    harness = await startWorker([add]);
    const message = {
      headers: { task: "no.such", id: "id", "x-mine": 1 },
      properties: { contentType: "application/json", replyTo: "replies", correlationId: "id", expirationMs: 60_000 },
      body: Buffer.from("[[], {}, {}]"),
    };
    await harness.publish(message);
    await harness.settle();
    expect(harness.broker.messages("celery.dead")).toEqual([
      {
        headers: {
          ...message.headers,
          "x-leveret-reason": "unregistered",
          "x-leveret-error": "NotRegistered: no.such",
          "x-leveret-attempts": 1,
          "x-leveret-worker": "celery@box",
          "x-leveret-time": "2026-01-01T00:00:00+00:00",
          "x-leveret-queue": "celery",
          "x-leveret-exchange": "",
          "x-leveret-routing-key": "celery",
        },
        properties: { contentType: "application/json", replyTo: "replies", correlationId: "id" },
        body: message.body,
      },
    ]);
    expect(await harness.results()).toMatchObject([{ taskId: "id", status: "FAILURE" }]);
  });

  test("stays in its queue while the dead queue's confirm is outstanding", async () => {
    harness = await startWorker([add]);
    harness.broker.holdConfirms();
    harness.publish({ headers: {}, properties: {}, body: Buffer.from("{") }).catch(() => {}); // its confirm is lost, too
    await harness.settle();
    harness.broker.drop();
    await harness.clock.advance(0);
    expect([...harness.broker.messages("celery"), ...harness.broker.messages("celery.dead")]).not.toEqual([]);
  });
});

describe("handlers given later", () => {
  const train = defineTask<(epochs: number) => string>("ml.train");

  test("run like others", async () => {
    harness = await createHarness([train]);
    harness.worker.implement(train, (_context, epochs) => `trained ${epochs}`);
    await harness.worker.start();
    await harness.send({ id: "id", task: "ml.train", args: [3] });
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ result: "trained 3" }]);
  });

  test("are missed at the start", async () => {
    harness = await createHarness([train]);
    await expect(harness.worker.start()).rejects.toMatchObject({ code: "task-unhandled" });
    expect(harness.worker.state).toBe("stopped");
    expect(harness.transport.state).toBe("closed");
  });

  test.each([
    ["twice", "task-duplicate", (given: Harness) => given.worker.implement(train, () => "").implement(train, () => "")],
    ["for a task that has one", "task-duplicate", (given: Harness) => given.worker.implement(add as never, () => 1)],
    [
      "for a task the worker was not given",
      "option-invalid",
      (given: Harness) => given.worker.implement(defineTask("other"), () => 1),
    ],
  ])("are refused %s", async (_name, code, implement) => {
    const given = await createHarness([train, add]);
    expect(() => implement(given)).toThrow(expect.objectContaining({ code }));
  });

  test("are refused after the start", async () => {
    harness = await startWorker([add]);
    expect(() => harness?.worker.implement(add as never, () => 1)).toThrow(
      expect.objectContaining({ code: "worker-state" }),
    );
  });
});
