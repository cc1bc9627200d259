import { describe, expect, test } from "vitest";
import { z } from "zod";
import { chain, chord, group } from "../../src/task/canvas.ts";
import { defineTask } from "../../src/task/definition.ts";
import { testCelery } from "../../src/testing/test-celery.ts";

const add = defineTask("add", (_context, x: number, y: number) => x + y);
const mul = defineTask("mul", { queue: "math", run: (_context, x: number, y: number) => x * y });
const sum = defineTask("sum", (_context, items: readonly number[]) => items.reduce((total, item) => total + item, 0));
const fail = defineTask("fail", (_context, text: string): number => {
  throw new Error(text);
});
const day = defineTask("day", { args: z.tuple([z.string()]), returns: z.coerce.date(), run: (_context, at) => at });
const parent = defineTask("parent", (context) => context.client.call(chain(add.s(1, 1), group(mul.s(2), mul.s(3)))));
const tasks = [add, mul, sum, fail, day, parent];
const queues = ["celery", "math"];

describe("a chain", () => {
  test("is sent as one message and comes to the result of its last step", async () => {
    await using celery = testCelery({ tasks, queues });
    const result = await celery.client.send(chain(add.s(2, 2), mul.s(4), add.s(1)));
    expect(await result.get()).toBe(17);
    expect(celery.sent(add)[0]?.message.chain?.map(({ task }) => task)).toEqual(["add", "mul"]);
    expect(celery.sent(mul)[0]).toMatchObject({ queue: "math", message: { rootId: celery.sent(add)[0]?.id } });
  });

  test("fails as the step that fails", async () => {
    await using celery = testCelery({ tasks, queues });
    await expect(celery.client.call(chain(fail.s("boom"), add.s(1)))).rejects.toMatchObject({ excMessage: "boom" });
  });

  test("without steps is refused", async () => {
    await using celery = testCelery({ tasks, queues });
    await expect(celery.client.send(chain())).rejects.toMatchObject({ code: "option-invalid" });
  });

  test("can be prepared for an outbox", async () => {
    await using celery = testCelery({ tasks, queues });
    const row = await celery.client.prepare(chain(add.s(2, 2), mul.s(4)));
    expect(row).toMatchObject({ queue: "celery", routingKey: "celery" });
    expect(await celery.client.relay([row])).toEqual([{ id: row.id, status: "confirmed" }]);
    await celery.advance("1s");
    expect(celery.sent(mul)).toMatchObject([{ args: [4, 4] }]);
  });
});

describe("a group", () => {
  test("comes to the list of its members' results, whatever their order of coming", async () => {
    await using celery = testCelery({ tasks, queues });
    expect(await celery.client.call(group(add.s(1, 1), mul.s(2, 3), add.s(5, 5)))).toEqual([2, 6, 10]);
  });

  test("fails with the first of its members that fails", async () => {
    await using celery = testCelery({ tasks, queues });
    const result = await celery.client.send(group(add.s(1, 1), fail.s("boom"), add.s(5, 5)));
    await expect(result.get()).rejects.toMatchObject({ excMessage: "boom" });
    expect(result.state).toBe("FAILURE");
    expect(await result.settled()).toMatchObject({ status: "FAILURE" });
  });

  test("has a state when all have theirs, and is forgotten with them", async () => {
    await using celery = testCelery({ tasks, queues });
    const result = await celery.client.send(group(add.s(1, 1), add.s(2, 2)));
    const states: unknown[] = [];
    for await (const state of result.states()) states.push(state);
    expect(states).toEqual([{ status: "SUCCESS", meta: [2, 4] }]);
    expect(result.state).toBe("SUCCESS");
  });

  test("of none is an empty list", async () => {
    await using celery = testCelery({ tasks, queues });
    expect(await celery.client.call(group())).toEqual([]);
  });

  test("checks each result by the schema of its task", async () => {
    await using celery = testCelery({ tasks, queues });
    expect(await celery.client.call(group(add.s(1, 1), day.s("2026-11-22")))).toEqual([2, new Date("2026-11-22")]);
    expect(await celery.client.call(chain(day.s("2026-11-22")))).toEqual(new Date("2026-11-22"));
  });

  test("is more than one message, so it cannot be prepared", async () => {
    await using celery = testCelery({ tasks, queues });
    await expect(celery.client.prepare(group(add.s(1, 1), add.s(2, 2)))).rejects.toMatchObject({
      code: "option-invalid",
      message: expect.stringContaining("one by one") as string,
    });
  });

  test("can be sent among many, and waits no longer than it may", async () => {
    await using celery = testCelery({ tasks, queues });
    const results = await celery.client.sendMany([group(add.s(0, 1), add.s(1, 1)), group(add.s(2, 2), add.s(3, 3))]);
    expect(await Promise.all(results.map((result) => result.get()))).toEqual([
      [1, 2],
      [4, 6],
    ]);
    const elsewhere = await celery.client.send(group(add.s(1, 1), add.s(1, 1).with({ queue: "nobody" })));
    const waiting = elsewhere.get({ timeout: "3s" }).catch((error: unknown) => error);
    await celery.advance("4s");
    expect(await waiting).toMatchObject({ code: "result-timeout" });
  });
});

describe("what is said of the whole", () => {
  test("reaches every member of a group, and the first step of a chain", async () => {
    await using celery = testCelery({ tasks, queues });
    await celery.client.call(group(add.s(1, 1), mul.s(2, 2)).with({ priority: 4, headers: { tenant: "blue" } }));
    for (const task of [add, mul]) {
      expect(celery.sent(task)[0]?.message).toMatchObject({ priority: 4, extraHeaders: { tenant: "blue" } });
    }
  });

  test("gives routes and defaults the last word only where nothing was said", async () => {
    const client = {
      routes: { "a*": { queue: "math", priority: 7, timeLimit: 30 } },
      taskDefaults: { compression: null },
    };
    await using celery = testCelery({ tasks, queues, client });
    await celery.client.call(group(add.s(1, 1), add.s(2, 2).with({ queue: "celery", timeLimit: 5 })));
    expect(celery.sent(add)).toMatchObject([
      { queue: "math", message: { priority: 7, timeLimit: { hardSeconds: 30 } } },
      { queue: "celery", message: { priority: 7, timeLimit: { hardSeconds: 5 } } },
    ]);
  });

  test("without a result there is none to await", async () => {
    await using celery = testCelery({ tasks, queues });
    const result = await celery.client.send(group(add.s(1, 1)).with({ ignoreResult: true }));
    await expect(result.get()).rejects.toMatchObject({ code: "results-disabled" });
  });

  test("an aborted signal keeps it from being sent", async () => {
    await using celery = testCelery({ tasks, queues });
    const call = group(add.s(1, 1)).with({ signal: AbortSignal.abort() });
    await expect(celery.client.send(call)).rejects.toMatchObject({ code: "aborted" });
  });
});

test("a handler sends canvases: they have it for their parent, and its result names them", async () => {
  await using celery = testCelery({ tasks, queues });
  const result = await celery.client.send(parent);
  expect(await result.get()).toEqual([4, 6]);
  expect(celery.sent(add)[0]?.message).toMatchObject({ parentId: result.id, rootId: result.id });
});

describe("a chord where nothing counts", () => {
  test.each([
    ["by itself", chord([add.s(1, 1)], sum.s())],
    ["as a group that a step follows", chain(group(add.s(1, 1), add.s(2, 2)), sum.s())],
    ["further on in a chain", chain(add.s(1, 1), group(mul.s(2), mul.s(3)), sum.s())],
  ])("%s is refused before anything is sent", async (_what, call) => {
    await using celery = testCelery({ tasks, queues });
    await expect(celery.client.send(call)).rejects.toMatchObject({ code: "chords-unsupported" });
    expect(celery.sent(add)).toEqual([]);
  });
});
