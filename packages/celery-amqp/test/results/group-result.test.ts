import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isGroupResult } from "../../src/results/group-result.ts";
import { chain, chord, group } from "../../src/task/canvas.ts";
import { defineTask } from "../../src/task/definition.ts";
import { createMemoryResults, type MemoryResults } from "../../src/testing/memory-results.ts";
import { type TestCelery, testCelery } from "../../src/testing/test-celery.ts";

const add = defineTask("add", (_context, x: number, y: number) => x + y);
const sum = defineTask("sum", (_context, items: readonly number[]) => items.reduce((total, item) => total + item, 0));
const fail = defineTask("fail", (): number => {
  throw new RangeError("boom");
});
const later = defineTask("later", (context): number => {
  if (context.attempt === 1) context.retry({ in: "1m" });
  return 7;
});
const family = defineTask("family", async (context) => {
  await context.client.send(add, 1, 1);
  await context.client.send(group(add.s(2, 2), add.s(3, 3)));
  return "parent";
});

let results: MemoryResults;
let celery: TestCelery;

beforeEach(() => {
  results = createMemoryResults();
  const tasks = [add, sum, fail, later, family];
  celery = testCelery({ tasks, results: results.connect(), client: { results: results.connect() } });
});

afterEach(async () => {
  await celery.stop();
});

describe("the result of a group", () => {
  test("is the list of its members' results", async () => {
    const result = await celery.client.send(group(add.s(1, 1), add.s(2, 2)));
    expect(await result.get()).toEqual([2, 4]);
    expect(await result.join()).toEqual([2, 4]);
    expect(result.state).toBe("SUCCESS");
    expect(result.completedCount).toBe(2);
    expect(result.results.map(({ id }) => id)).toEqual(celery.sent(add).map(({ id }) => id));
    expect(isGroupResult(result)).toBe(true);
    expect(isGroupResult(await celery.client.send(add, 1, 1))).toBe(false);
  });

  test("of nobody is an empty list", async () => {
    expect(await (await celery.client.send(group())).get()).toEqual([]);
  });

  test("fails with the first that fails, though others go on", async () => {
    const result = await celery.client.send(group(later.s(), fail.s()));
    await expect(result.join()).rejects.toMatchObject({ excMessage: "boom" });
    expect(await result.settled()).toMatchObject({ status: "FAILURE" });
    expect(result.state).toBe("FAILURE");
    expect(result.completedCount).toBe(0);
  });

  test("tells of its members as they end", async () => {
    const result = await celery.client.send(group(later.s(), add.s(2, 2), fail.s()));
    const ends: [number, string][] = [];
    for await (const { index, settled } of result.iterate()) {
      ends.push([index, settled.status]);
      if (ends.length === 2) await celery.advance("1m");
    }
    expect(ends.slice(0, 2)).toEqual(
      expect.arrayContaining([
        [1, "SUCCESS"],
        [2, "FAILURE"],
      ]),
    );
    expect(ends[2]).toEqual([0, "SUCCESS"]);
    expect(result.completedCount).toBe(2);
  });

  test("is left early without waiting for the rest", async () => {
    const result = await celery.client.send(group(later.s(), add.s(2, 2)));
    for await (const { index } of result.iterate()) {
      expect(index).toBe(1);
      break;
    }
    const waiting = result.get({ timeout: "10s" }).catch((error: unknown) => error);
    await celery.advance("20s");
    expect(await waiting).toMatchObject({ code: "result-timeout" });
  });

  test("is saved, restored by its id alone, and deleted", async () => {
    const result = await celery.client.send(group(add.s(1, 1), add.s(2, 2)));
    expect(await celery.client.restoreGroup(result.id)).toBeNull();
    await result.save();
    const restored = await celery.client.restoreGroup(result.id);
    expect(await restored?.get()).toEqual([2, 4]);
    expect(restored?.results.map(({ id }) => id)).toEqual(result.results.map(({ id }) => id));
    await restored?.delete();
    expect(await celery.client.restoreGroup(result.id)).toBeNull();
    expect(await result.get()).toEqual([2, 4]);
  });

  test("is forgotten with all its members", async () => {
    const result = await celery.client.send(group(add.s(1, 1), add.s(2, 2)));
    await result.get();
    await result.save();
    await result.forget();
    expect(await celery.client.restoreGroup(result.id)).toBeNull();
    const again = celery.client.result(result.results[0]?.id ?? "");
    expect(again.state).toBe("PENDING");
  });

  test("cannot be saved where results keep no groups", async () => {
    await using bare = testCelery({ tasks: [add] });
    const result = await bare.client.send(group(add.s(1, 1)));
    expect(await result.get()).toEqual([2]);
    await expect(result.save()).rejects.toMatchObject({ code: "results-disabled" });
    await expect(bare.client.restoreGroup("g")).rejects.toMatchObject({ code: "results-disabled" });
    await expect(bare.client.restoreGroup("")).rejects.toMatchObject({ code: "option-invalid" });
    await result.forget();
  });
});

describe("a result's relations", () => {
  test("are the steps before it", async () => {
    const result = await celery.client.send(chain(add.s(1, 1), add.s(2), add.s(3)));
    expect(await result.get()).toBe(7);
    const line = [];
    for (let each = result.parent; each !== null; each = each.parent) line.push(await each.get());
    expect(line).toEqual([4, 2]);
    expect(result.parent).toBe(result.parent);
    expect((await celery.client.send(add, 1, 1)).parent).toBeNull();
  });

  test("are the header of a chord", async () => {
    const result = await celery.client.send(chord([add.s(1, 1), add.s(2, 2)], sum.s()));
    expect(await result.get()).toBe(6);
    expect(await result.parent?.get()).toEqual([2, 4]);
  });

  test("are what its task sent while it ran", async () => {
    const result = await celery.client.send(family);
    const children = await result.children();
    expect(await Promise.all(children.map((child) => child.get()))).toEqual([2, [4, 6]]);
    const collected = [];
    for await (const [each, value] of celery.client.result(result.id).collect()) collected.push([each.id, value]);
    const [one, both] = children;
    const members = (await both?.children()) ?? [];
    expect(collected).toEqual([
      [result.id, "parent"],
      [one?.id, 2],
      [both?.id, [4, 6]],
      [members[0]?.id, 4],
      [members[1]?.id, 6],
    ]);
  });

  test("of a task that failed can be asked for, and reading all of them throws its error", async () => {
    const result = await celery.client.send(fail);
    expect(await result.children()).toEqual([]);
    await expect(result.collect()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ excMessage: "boom" });
  });
});
