import { afterEach, describe, expect, test } from "vitest";
import { decodeTask, createContent } from "@leveret/celery-protocol";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker, type Harness } from "./harness.ts";

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
  test.each([
    ["ignored", (): "ignore" => "ignore", [], 0],
    ["rejected", (): "reject" => "reject", [], 0],
  ])("%s: nothing is stored", async (_name, how, states, left) => {
    const odd = defineTask("demo.odd", (context) => context[how()]());
    harness = await startWorker([odd]);
    await harness.send({ id: "id", task: "demo.odd" });
    await harness.settle();
    expect(await statuses()).toEqual(states);
    expect(harness.broker.messages("celery")).toHaveLength(left);
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
