import { DateTime, encodeSignature } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { chain, chord, chunks, group, map, starmap } from "../../src/task/canvas.ts";
import { defineTask } from "../../src/task/definition.ts";
import type { AnySignature } from "../../src/task/signature.ts";
import { toWireSignature } from "../../src/task/wire-signature.ts";

const add = defineTask("add", (_context, x: number, y: number) => x + y);
const sum = defineTask("sum", (_context, items: readonly number[]) => items.reduce((total, item) => total + item, 0));
const label = defineTask<(input: { image: string }) => string>("label", { keywords: true, queue: "gpu" });
const onError = defineTask<(taskId: string) => void>("on_error");

function written(call: AnySignature): unknown {
  return encodeSignature(toWireSignature(call));
}

const plain = { args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };
const first = { ...plain, task: "add", args: [1, 2] };
const second = { ...plain, task: "add", args: [3] };

describe("a composed call travels as Celery writes it", () => {
  test.each<[string, AnySignature, object]>([
    ["task", add.s(1, 2), first],
    ["immutable task", add.si(1, 2), { ...first, immutable: true }],
    [
      "keywords and options",
      label.s({ image: "a.png" }).with({ countdown: "2s", priority: 3 }),
      {
        ...plain,
        task: "label",
        kwargs: { image: "a.png" },
        options: { queue: "gpu", countdown: 2, priority: 3 },
      },
    ],
    [
      "chain",
      chain(add.s(1, 2), add.s(3)),
      { ...plain, task: "celery.chain", kwargs: { tasks: [first, second] }, subtask_type: "chain" },
    ],
    [
      "group",
      group(add.s(1, 2), add.s(3)),
      { ...plain, task: "celery.group", kwargs: { tasks: [first, second] }, subtask_type: "group" },
    ],
    [
      "chord",
      chord([add.s(1, 2)], sum.s()),
      {
        ...plain,
        task: "celery.chord",
        kwargs: { kwargs: {}, header: [first], body: { ...plain, task: "sum" } },
        subtask_type: "chord",
      },
    ],
    [
      "group that a step follows",
      chain(group(add.s(1, 2), add.s(1, 2)), sum.s()),
      {
        ...plain,
        task: "celery.chord",
        kwargs: { kwargs: {}, header: [first, first], body: { ...plain, task: "sum" } },
        subtask_type: "chord",
      },
    ],
    [
      "chord that a step follows",
      chain(chord([add.s(1, 2)], sum.s()), add.s(3)),
      {
        ...plain,
        task: "celery.chain",
        kwargs: {
          tasks: [
            {
              ...plain,
              task: "celery.chord",
              kwargs: { kwargs: {}, header: [first], body: { ...plain, task: "sum" } },
              subtask_type: "chord",
            },
            second,
          ],
        },
        subtask_type: "chain",
      },
    ],
    [
      "map",
      map(sum, [[1], [2, 3]]),
      { ...plain, task: "celery.map", kwargs: { task: { ...plain, task: "sum" }, it: [[1], [2, 3]] }, immutable: true },
    ],
    [
      "starmap",
      starmap(add, [[1, 2]]),
      { ...plain, task: "celery.starmap", kwargs: { task: { ...plain, task: "add" }, it: [[1, 2]] }, immutable: true },
    ],
  ])("%s", (_what, call, expected) => {
    expect(written(call)).toEqual(expected);
  });

  test("chunks as a group of starmaps", () => {
    const parts = (
      written(
        chunks(
          add,
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          2,
        ),
      ) as { kwargs: { tasks: { kwargs: { it: unknown } }[] } }
    ).kwargs.tasks;
    expect(parts.map(({ kwargs }) => kwargs.it)).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [[5, 6]],
    ]);
  });
});

describe("links", () => {
  test("of a task become its options, each once", () => {
    const callback = add.s(1);
    const call = add.s(1, 2).link(callback).link(callback).linkError(onError.s()).linkError(onError.si("x"));
    expect(written(call)).toMatchObject({
      options: {
        link: [{ task: "add", args: [1] }],
        link_error: [{ task: "on_error" }, { task: "on_error", args: ["x"], immutable: true }],
      },
    });
  });

  test("of a chord go to its body, errbacks of a group to every member", () => {
    expect(written(chord([add.s(1, 2)], sum.s()).link(add.s(1)))).toMatchObject({
      kwargs: { body: { options: { link: [{ task: "add" }] } } },
    });
    expect(written(group(add.s(1, 2), add.s(3, 4)).linkError(onError.s()))).toMatchObject({
      kwargs: { tasks: [{ options: { link_error: [{}] } }, { options: { link_error: [{}] } }] },
    });
  });

  test("may be said by options of a composed call, too", () => {
    expect(written(chord([add.s(1, 2)], sum.s()).with({ link: add.s(1), queue: "q" }))).toMatchObject({
      kwargs: { body: { options: { link: [{ task: "add" }] } } },
      options: { queue: "q" },
    });
  });

  test("leave the call they were made from alone", () => {
    const call = chain(add.s(1, 2), add.s(3));
    const before = written(call);
    call
      .link(add.s(1))
      .linkError(onError.s())
      .with({ queue: "q" })
      .stamp({ stamps: { mark: 1 } });
    expect(written(call)).toEqual(before);
  });
});

describe("options of a composed call", () => {
  test("replace each other, an eta a countdown", () => {
    const eta = new Date("2026-11-22T10:00:00Z");
    expect(written(chain(add.s(1, 2)).with({ countdown: 3 }).with({ eta }))).toMatchObject({
      options: { eta: new DateTime("2026-11-22T10:00:00+00:00") },
    });
    expect(written(chain(add.s(1, 2)).with({ countdown: 3 }).with({ eta }))).not.toHaveProperty("options.countdown");
  });

  test.each([{ shardKey: "a" }, { protocol: 1 as const }])("cannot be %j, which no signature carries", (options) => {
    expect(() => chain(add.s(1, 2)).with(options)).toThrow(/cannot have the option/);
    expect(() => chain(add.s(1, 2).with(options))).toThrow(/cannot have the option/);
  });
});

test("stamps stand on every task", () => {
  const call = chain(add.s(1, 2), add.s(3)).stamp({
    stamps: { tenant: "blue" },
    visitor: { onSignature: ({ args }) => ({ count: args.length }) },
  });
  expect(written(call)).toMatchObject({
    kwargs: {
      tasks: [
        {
          options: {
            tenant: "blue",
            count: 2,
            stamped_headers: expect.arrayContaining(["tenant", "count"]) as unknown,
          },
        },
        { options: { tenant: "blue", count: 1 } },
      ],
    },
  });
});

test.each([
  ["chain", () => chain(add as never)],
  ["group", () => group(undefined as never)],
  ["chord", () => chord([3 as never], sum.s())],
])("%s refuses what is no call", (what, make) => {
  expect(make).toThrow(new RegExp(`${what}: a part is .*task\\.s`));
});

test("maps refuse tasks that take keywords, chunks a size that is none", () => {
  expect(() => map(label, [{ image: "a" }])).toThrow(/keyword arguments/);
  expect(() => chunks(add, [[1, 2]], 0)).toThrow(/an integer/);
});
