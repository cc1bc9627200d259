import { describe, expectTypeOf, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { chain, chord, chunks, group, map, starmap } from "../../src/task/canvas.ts";
import type { GroupSignature } from "../../src/task/canvas-shape.ts";
import { defineTask } from "../../src/task/definition.ts";
import type { GroupResult } from "../../src/task/sender.ts";
import type { Signature } from "../../src/task/signature.ts";

// Proofs for the compiler. The calls stand in functions that nobody calls: what counts is that the file compiles.

declare const client: Client;

const add = defineTask<(x: number, y: number) => number>("add");
const mul = defineTask<(x: number, y: number) => number>("mul");
const say = defineTask<(text: string) => boolean>("say");
const sum = defineTask<(items: readonly number[]) => number>("sum");
const pair = defineTask<(both: [number, boolean]) => string>("pair");
const list = defineTask<() => [number, boolean]>("list");
const onError = defineTask<(taskId: string) => void>("on_error");

describe("a chain", () => {
  test("comes to the result of its last step", () => {
    expectTypeOf(chain(add.s(2, 2), mul.s(4))).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(chain(add.s(2, 2), mul.s(4), add.si(1, 1), add.s(3))).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(chain(add.s(2, 2))).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(() => client.call(chain(add.s(1, 1), mul.s(2)))).returns.resolves.toEqualTypeOf<number>();
  });

  test("lacks what its first step lacks", () => {
    expectTypeOf(chain(mul.s(4), add.s(1))).toEqualTypeOf<Signature<[x: number], number>>();
    expectTypeOf(chain(add.s(1, 1), chain(mul.s(4), add.s(1)))).toEqualTypeOf<Signature<[], number>>();
    // @ts-expect-error: its first argument is missing
    expectTypeOf(() => client.send(chain(mul.s(4), add.s(1)))).toBeFunction();
  });

  test("refuses a step that does not take what the one before gives", () => {
    const wrong = [
      // @ts-expect-error: a number is no text
      () => chain(add.s(2, 2), say.s()),
      // @ts-expect-error: the last step does not fit either
      () => chain(add.s(2, 2), mul.s(4), say.s()),
      // @ts-expect-error: nobody supplies the second argument
      () => chain(add.s(2, 2), add.s()),
      // @ts-expect-error: a list of numbers is no number
      () => chain(group(add.s(1, 1), add.s(2, 2)), mul.s(4)),
    ];
    expectTypeOf(wrong).toBeArray();
  });

  test("hands a group's list to the step behind it", () => {
    expectTypeOf(chain(group(add.s(1, 1), add.s(2, 2)), sum.s())).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(chain(add.s(1, 1), group(mul.s(2), mul.s(3)), sum.s())).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(chain(list.s(), pair.s())).toEqualTypeOf<Signature<[], string>>();
  });

  test("unrolls a group of one behind its first step", () => {
    expectTypeOf(chain(add.s(1, 1), group(mul.s(2)), mul.s(3))).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(chain(add.s(1, 1), group(mul.s(2)))).toEqualTypeOf<Signature<[], number>>();
  });

  test("of steps that are counted only when it runs comes to any of their results", () => {
    const steps = [1, 2, 3].map((each) => add.si(each, each));
    expectTypeOf(chain(...steps)).toEqualTypeOf<Signature<[], number>>();
  });
});

describe("a group", () => {
  test("comes to the list of its members' results", () => {
    expectTypeOf(group(add.s(1, 1), say.s("x"))).toEqualTypeOf<GroupSignature<[], [number, boolean]>>();
    expectTypeOf(() => client.call(group(add.s(1, 1), say.s("x")))).returns.resolves.toEqualTypeOf<[number, boolean]>();
    expectTypeOf(() => client.send(group(add.s(1, 1), say.s("x")))).returns.resolves.toEqualTypeOf<
      GroupResult<[number, boolean]>
    >();
    expectTypeOf(group(...[1, 2].map((each) => add.s(each, each)))).toEqualTypeOf<GroupSignature<[], number[]>>();
  });

  test("takes the members of groups inside for its own", () => {
    expectTypeOf(group(add.s(1, 1), group(say.s("x"), add.s(2, 2)))).toEqualTypeOf<
      GroupSignature<[], [number, boolean, number]>
    >();
    expectTypeOf(group(chain(add.s(1, 1), group(mul.s(2), mul.s(3))))).toEqualTypeOf<
      GroupSignature<[], [[number, number]]>
    >();
  });

  test("lacks what all of its members lack", () => {
    expectTypeOf(group(mul.s(2), mul.s(3), add.s(1, 1))).toEqualTypeOf<
      GroupSignature<[given: number], [number, number, number]>
    >();
    // @ts-expect-error: its members lack an argument
    expectTypeOf(() => client.send(group(mul.s(2), mul.s(3)))).toBeFunction();
    // @ts-expect-error: no text is a number, too
    expectTypeOf(() => chain(add.s(1, 1), group(mul.s(2), say.s()))).toBeFunction();
  });

  test("stays a group with other options", () => {
    expectTypeOf(
      group(add.s(1, 1))
        .with({ queue: "q" })
        .link(sum.si([1])),
    ).toEqualTypeOf<GroupSignature<[], [number]>>();
  });
});

describe("a chord", () => {
  test("comes to the result of its body", () => {
    expectTypeOf(chord([add.s(1, 1), add.s(2, 2)], sum.s())).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(chord([add.s(1, 1), say.s("x")], pair.s())).toEqualTypeOf<Signature<[], string>>();
    expectTypeOf(
      chord(
        [1, 2].map((each) => add.s(each, each)),
        chain(sum.s(), mul.s(2)),
      ),
    ).toEqualTypeOf<Signature<[], number>>();
    expectTypeOf(chain(add.s(1, 1), chord([mul.s(2), mul.s(3)], sum.s()))).toEqualTypeOf<Signature<[], number>>();
  });

  test("refuses a body that does not take the list", () => {
    const wrong = [
      // @ts-expect-error: there is a boolean among them
      () => chord([add.s(1, 1), say.s("x")], sum.s()),
      // @ts-expect-error: the body gets a list
      () => chord([add.s(1, 1)], mul.s(2)),
      // @ts-expect-error: the header lacks an argument
      () => client.send(chord([mul.s(2)], sum.s())),
    ];
    expectTypeOf(wrong).toBeArray();
  });
});

test("maps take items of the task's arguments", () => {
  expectTypeOf(map(say, ["a", "b"])).toEqualTypeOf<Signature<[], boolean[]>>();
  expectTypeOf(starmap(add, [[1, 2]])).toEqualTypeOf<Signature<[], number[]>>();
  expectTypeOf(chunks(add, [[1, 2]], 10)).toEqualTypeOf<GroupSignature<[], number[][]>>();
  // @ts-expect-error: a number is no text
  expectTypeOf(() => map(say, [1])).toBeFunction();
  // @ts-expect-error: the second argument is missing
  expectTypeOf(() => starmap(add, [[1]])).toBeFunction();
});

test("links take what they are called with", () => {
  expectTypeOf(add.s(1, 1).link(mul.s(2)).linkError(onError.s()).linkError(say.si("x"))).toEqualTypeOf<
    Signature<[], number>
  >();
  const wrong = [
    // @ts-expect-error: a number is no text
    () => add.s(1, 1).link(say.s()),
    // @ts-expect-error: an errback gets the id of a task
    () => add.s(1, 1).linkError(sum.s()),
  ];
  expectTypeOf(wrong).toBeArray();
});

test("stamps leave the types alone", () => {
  expectTypeOf(chain(add.s(1, 1), mul.s(2)).stamp({ stamps: { tenant: "blue" } })).toEqualTypeOf<
    Signature<[], number>
  >();
});
