import { afterEach, describe, expect, test } from "vitest";
import { decodeTask, createContent, type TaskMessage, toValue } from "@leveret/celery-protocol";
import { defineTask } from "../../src/task/definition.ts";
import type { RetryCallOptions } from "../../src/task/retry-call.ts";
import { startWorker, type Harness } from "./harness.ts";
import { signature } from "./rules/given.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

/** Statuses that came to the sender so far. */
async function statuses(): Promise<readonly string[]> {
  return ((await harness?.results()) ?? []).map((meta) => meta.status);
}

describe("a task that asks to run again", () => {
  test("does so after the wait it asked for, the next attempt counted", async () => {
    const attempts: number[] = [];
    const flaky = defineTask("demo.flaky", (context) => {
      attempts.push(context.attempt);
      if (context.attempt < 3) context.retry({ in: "10s", cause: new Error("busy") });
      return "done";
    });
    harness = await startWorker([flaky]);
    await harness.send({ id: "id", task: "demo.flaky" });
    await harness.clock.advance(9_999);
    expect(attempts).toEqual([1]);
    await harness.clock.advance(1);
    expect(attempts).toEqual([1, 2]);
    await harness.clock.advance(10_000);
    expect(attempts).toEqual([1, 2, 3]);
    expect(await statuses()).toEqual(["RETRY", "RETRY", "SUCCESS"]);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("waits as its policy says where it names no time", async () => {
    const flaky = defineTask("demo.flaky", {
      retry: { delay: "2s", backoff: "exponential", jitter: false },
      run: (context) => (context.attempt === 1 ? context.retry() : "done"),
    });
    harness = await startWorker([flaky]);
    await harness.send({ id: "id", task: "demo.flaky" });
    await harness.clock.advance(1_999);
    expect(await statuses()).toEqual(["RETRY"]);
    await harness.clock.advance(1);
    expect(await statuses()).toEqual(["RETRY", "SUCCESS"]);
  });

  test("fails as Celery does when no attempt is left", async () => {
    const never = defineTask("demo.never", (context) => context.retry({ in: "1s" }));
    harness = await startWorker([never]);
    await harness.send({ id: "id", task: "demo.never" });
    await harness.clock.advance(3_000);
    expect(await statuses()).toEqual(["RETRY", "RETRY", "RETRY", "FAILURE"]);
    expect((await harness.results()).at(-1)).toMatchObject({
      exception: {
        type: "MaxRetriesExceededError",
        module: "celery.exceptions",
        args: ["Can't retry demo.never[id] args:() kwargs:{}"],
      },
    });
  });

  test("knows its last attempt", async () => {
    const last: boolean[] = [];
    const flaky = defineTask("demo.flaky", {
      retry: { attempts: 2, delay: 0 },
      run: (context) => {
        last.push(context.isLastAttempt);
        throw new Error("no");
      },
    });
    harness = await startWorker([flaky]);
    await harness.send({ task: "demo.flaky" });
    await harness.settle();
    expect(last).toEqual([false, true]);
  });

  test("is tried again by itself, for errors that are worth it", async () => {
    const errors = [new Error("passing"), new TypeError("final")];
    const flaky = defineTask("demo.flaky", {
      retry: { attempts: 5, delay: "1s", when: (error) => !(error instanceof TypeError) },
      run: () => {
        throw errors.shift() ?? new Error("unexpected");
      },
    });
    harness = await startWorker([flaky]);
    await harness.send({ id: "id", task: "demo.flaky" });
    await harness.clock.advance(1_000);
    expect(await statuses()).toEqual(["RETRY", "FAILURE"]);
    expect((await harness.results()).at(-1)).toMatchObject({ exception: { type: "TypeError" } });
  });

  test("snoozes without losing an attempt", async () => {
    const attempts: number[] = [];
    let snoozes = 0;
    const sleepy = defineTask("demo.sleepy", (context) => {
      attempts.push(context.attempt);
      if ((snoozes += 1) < 6) context.snooze("1m");
    });
    harness = await startWorker([sleepy]);
    await harness.send({ id: "id", task: "demo.sleepy" });
    await harness.clock.advance(5 * 60_000);
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1]);
    expect((await statuses()).at(-1)).toBe("SUCCESS");
  });

  test("sends its next run wire-equal: arguments without loss, headers and limits kept", async () => {
    const flaky = defineTask("demo.flaky", (context, ..._args: unknown[]) => context.retry({ in: "1500ms" }));
    harness = await startWorker([flaky]);
    await harness.publish({
      headers: {
        task: "demo.flaky",
        id: "id",
        shadow: "nice",
        timelimit: [50, 40],
        argsrepr: "(1.0, 9007199254740993)",
        kwargsrepr: "{}",
        origin: "gen1@python",
        "x-tenant": "acme",
        "x-death": [{ queue: "hop" }],
      },
      properties: { contentType: "application/json", contentEncoding: "utf-8", replyTo: "replies", priority: 3 },
      body: Buffer.from(
        `[[1.0, 9007199254740993, {"__type__": "datetime", "__value__": "2026-01-01T00:00:00.123456+02:00"}], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]`,
      ),
    });
    await harness.settle();
    await harness.worker.stop();
    const [message] = harness.broker.messages("celery");
    if (message === undefined) throw new Error("the retry is not there");
    expect(Buffer.from(message.body).toString()).toBe(
      `[[1.0, 9007199254740993, {"__type__": "datetime", "__value__": "2026-01-01T00:00:00.123456+02:00"}], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]`,
    );
    expect(message.headers).toMatchObject({
      lang: "js",
      task: "demo.flaky",
      id: "id",
      shadow: "nice",
      eta: "2026-01-01T00:00:01.500000+00:00",
      retries: 1,
      timelimit: [50, 40],
      root_id: "id",
      parent_id: "id",
      argsrepr: "(1.0, 9007199254740993)",
      origin: "gen1@python",
      "x-tenant": "acme",
    });
    expect(message.headers).not.toHaveProperty("x-death");
    expect(message.properties).toMatchObject({ priority: 3, replyTo: "replies" });
    expect(decodeTask(message, createContent()).retries).toBe(1);
  });
});

describe("a task that ends otherwise", () => {
  test("ignored: nothing is stored", async () => {
    const odd = defineTask("demo.odd", (context) => context.ignore());
    harness = await startWorker([odd]);
    await harness.send({ id: "id", task: "demo.odd" });
    await harness.settle();
    expect(await statuses()).toEqual([]);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("rejected for good: its caller learns of it, and why", async () => {
    const odd = defineTask("demo.odd", (context) => context.reject({ reason: "no such customer" }));
    harness = await startWorker([odd]);
    await harness.send({ id: "id", task: "demo.odd" });
    await harness.settle();
    const exception = { type: "Reject", module: "celery.exceptions", args: ["no such customer", false] };
    expect(await harness.results()).toMatchObject([{ taskId: "id", status: "FAILURE", exception, traceback: null }]);
    expect(harness.broker.messages("celery")).toEqual([]);
  });

  test("rejected with requeue: it comes again, marked as redelivered", async () => {
    const seen: boolean[] = [];
    const odd = defineTask("demo.odd", (context) => {
      seen.push(context.redelivered);
      if (seen.length < 3) context.reject({ requeue: true });
    });
    harness = await startWorker([odd]);
    await harness.send({ id: "id", task: "demo.odd" });
    await harness.clock.advance(1_000);
    expect(seen).toEqual([false, true, true]);
  });
});

describe("a predicate of retries that is async", () => {
  const never = (): Promise<boolean> => Promise.reject(new Error("no answer"));
  test.each<[string, (error: unknown) => Promise<boolean>, readonly string[]]>([
    ["that says yes is awaited", async () => true, ["RETRY", "FAILURE"]],
    ["that says no is awaited", async () => false, ["FAILURE"]],
    ["that rejects has said no", never, ["FAILURE"]],
  ])("%s", async (_, when, states) => {
    const broken = defineTask("demo.broken", {
      retry: { attempts: 2, delay: "1s", when },
      run: () => Promise.reject(new Error("broken")),
    });
    harness = await startWorker([broken]);
    await harness.send({ id: "id", task: "demo.broken" });
    await harness.clock.advance(5_000);
    expect(await statuses()).toEqual(states);
  });
});

describe("a task that asks to run again with", () => {
  /** The message that the only retry of a task sends to `queue`, none of which is served. */
  async function retried(options: RetryCallOptions, fields: Partial<TaskMessage> = {}, queue = "other") {
    const flaky = defineTask("demo.flaky", {
      parameters: ["x", "y"],
      run: (context, _x: unknown, _y: unknown = null) => context.retry({ in: 0, queue, ...options }),
    });
    harness = await startWorker([flaky]);
    await harness.send({ id: "id", task: "demo.flaky", args: [1], ...fields });
    await harness.settle();
    const [message] = harness.broker.messages(queue);
    if (message === undefined) throw new Error("nothing was sent");
    return decodeTask(message, createContent());
  }

  test("other arguments, a queue, a priority and headers sends these, and keeps who it is", async () => {
    const family = { rootId: "root", parentId: "parent", group: "g", groupIndex: 2, correlationId: "id" };
    const stamped = { stamps: { tenant: "acme" }, stampedHeaders: ["tenant"], ignoreResult: false, origin: "gen1@py" };
    const linked = { callbacks: [signature("next")], errbacks: [signature("on-error")], chord: signature("body") };
    const kept = { ...family, ...stamped, ...linked };
    const when = new Date("2026-12-01T10:00:00Z");
    const task = await retried(
      { args: [7], kwargs: { y: when }, priority: 9, headers: { tenant: "acme" }, expires: "1h" },
      { ...kept, priority: 3 },
    );
    expect(task).toMatchObject({
      ...kept,
      id: "id",
      retries: 1,
      args: [7],
      priority: 9,
      extraHeaders: { tenant: "acme" },
    });
    expect(toValue(task.kwargs)).toEqual({ y: when });
    expect(task.expires?.epochMs).toBe((harness?.clock.now() ?? 0) + 3_600_000);
    expect([task.argsRepr, task.kwargsRepr]).toEqual(["(7,)", expect.stringContaining("'y'")]);
  });

  test("keyword arguments and back has each argument once", async () => {
    const task = await retried({ kwargs: { x: 5, y: 6 } });
    expect(task).toMatchObject({ args: [5], kwargs: { y: 6 } });
    expect(await retried({ args: [8, 9] }, { args: [], kwargs: { x: 5, y: 6 } })).toMatchObject({
      args: [8, 9],
      kwargs: {},
    });
  });

  test("what cannot be sent fails, and its caller learns why", async () => {
    const flaky = defineTask("demo.flaky", (context) => context.retry({ in: 0, args: [() => 1] }));
    harness = await startWorker([flaky]);
    await harness.send({ id: "id", task: "demo.flaky" });
    await harness.settle();
    expect((await harness.results()).at(-1)).toMatchObject({ status: "FAILURE", exception: { type: "EncodeError" } });
  });

  test("an option that no retry has fails, and its caller learns why", async () => {
    const flaky = defineTask("demo.flaky", (context) => context.retry({ countdown: 1 } as never));
    harness = await startWorker([flaky]);
    await harness.send({ id: "id", task: "demo.flaky" });
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ status: "FAILURE", exception: { type: "CeleryError" } }]);
  });
});
