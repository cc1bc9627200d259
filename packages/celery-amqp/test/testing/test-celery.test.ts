import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineTask } from "../../src/task/definition.ts";
import { testCelery, type TestCelery } from "../../src/testing/test-celery.ts";

const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);
const flaky = defineTask("demo.flaky", (context) => {
  if (context.attempt < 3) context.retry({ in: "10s" });
  return context.attempt;
});
const resize = defineTask("images.resize", {
  input: z.object({ url: z.string(), width: z.number().default(100) }),
  returns: z.object({ url: z.string() }),
  queue: "images",
  run: (_context, { url, width }) => ({ url: `${url}?w=${width}` }),
});
const moody = defineTask("demo.moody", (context, mood: string) => {
  if (mood === "snooze") context.snooze("30s");
  if (mood === "ignore") context.ignore();
  if (mood === "reject") context.reject();
  if (mood === "fail") throw new RangeError("no");
  return mood;
});

let celery: TestCelery | undefined;
afterEach(() => celery?.stop());

describe("a Celery for tests", () => {
  test("runs what the code under test sends", async () => {
    celery = testCelery({ tasks: [add] });
    expect(await celery.client.call(add, 2, 3)).toBe(5);
  });

  test("tells what was sent, when and where to", async () => {
    celery = testCelery({ tasks: [resize], queues: ["images"] });
    await celery.client.send(resize.with({ countdown: "10s" }), { url: "a" });
    expect(celery.sent(resize)).toMatchObject([{ kwargs: { url: "a" }, countdown: 10, queue: "images", retries: 0 }]);
    expect(celery.sent(add)).toEqual([]);
  });

  test("lets time pass: etas and retries become due", async () => {
    celery = testCelery({ tasks: [flaky] });
    const result = await celery.client.send(flaky.with({ countdown: "5s" }));
    await celery.advance("5s");
    expect(celery.sent(flaky)).toHaveLength(2);
    await celery.advance("20s");
    expect(await result.get()).toBe(3);
    expect(celery.sent(flaky).map(({ retries, countdown }) => [retries, countdown])).toEqual([
      [0, 5],
      [1, 10],
      [2, 10],
    ]);
  });

  test.each([
    ["fine", { kind: "success", value: "fine" }],
    ["snooze", { kind: "snoozed", inSeconds: 30 }],
    ["ignore", { kind: "ignored" }],
    ["reject", { kind: "rejected", requeue: false }],
    ["fail", { kind: "failure", excType: "ValueError", error: new RangeError("no") }],
  ])("runs one task and tells how it ended: %s", async (mood, outcome) => {
    celery = testCelery({ tasks: [moody] });
    expect(await celery.run(moody, [mood])).toMatchObject(outcome);
  });

  test("tells a failure that is rejected as a failure", async () => {
    const strict = defineTask("demo.strict", {
      acksOnFailure: false,
      run: () => {
        throw new RangeError("no");
      },
    });
    celery = testCelery({ tasks: [strict] });
    expect(await celery.run(strict, [])).toMatchObject({ kind: "failure", excType: "ValueError" });
  });

  test("runs the attempt it is told to", async () => {
    celery = testCelery({ tasks: [flaky] });
    expect(await celery.run(flaky, [], { attempt: 2 })).toMatchObject({ kind: "retry", inSeconds: 10 });
    expect(await celery.run(flaky, [], { attempt: 3 })).toEqual({ kind: "success", value: 3 });
  });

  test("takes handlers for tasks that live elsewhere", async () => {
    const train = defineTask<(epochs: number) => string>("ml.train");
    celery = testCelery({ tasks: [train] });
    celery.worker.implement(train, (_context, epochs) => `trained ${epochs}`);
    expect(await celery.client.call(train, 3)).toBe("trained 3");
  });
});
