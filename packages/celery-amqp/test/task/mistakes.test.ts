import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { Client } from "../../src/client/client.ts";
import { defineTask, type Task } from "../../src/task/definition.ts";
import type { CallOptions } from "../../src/task/call-options.ts";
import type { TaskContext } from "../../src/task/context.ts";
import type { Worker } from "../../src/worker/worker.ts";

// Programs that must not compile, and programs like them that must. No function is called: the compiler is the test.

declare const client: Client;
declare const worker: Worker;

const add = defineTask("math.add", (_context, x: number, y: number) => x + y);
const train = defineTask<(dataset: string, epochs: number) => { loss: number }>("ml.train");
const print = defineTask<(value: number) => void>("print");
const show = defineTask<(text: string) => void>("show");
const input = z.object({ size: z.number().default(1) });
const args = z.tuple([z.coerce.date(), z.string()]);

describe("a handler", () => {
  test("takes the context first", () => {
    // @ts-expect-error: "A handler takes the context first"
    expectTypeOf(() => defineTask("x", (x: number, y: number) => x + y)).toBeFunction();
    // @ts-expect-error: the same in a definition
    expectTypeOf(() => defineTask("x", { run: (x: number, y: number) => x + y })).toBeFunction();
    expectTypeOf(defineTask("x", (context) => context.request.id)).toEqualTypeOf<Task<[], string>>();
    expectTypeOf(defineTask("x", async (_context: TaskContext, x: number) => x)).toEqualTypeOf<
      Task<[x: number], number>
    >();
  });

  test("returns what its schema takes", () => {
    const returns = z.string();
    // @ts-expect-error: a number is no string
    expectTypeOf(() => defineTask("x", { input, returns, run: (_c, { size }) => size })).toBeFunction();
    // @ts-expect-error: a Date is no string
    expectTypeOf(() => defineTask("x", { args, returns, run: (_c, at) => at })).toBeFunction();
    const fits = defineTask("x", { input, returns: z.iso.date(), run: (_context, { size }) => size.toFixed() });
    expectTypeOf(fits).toEqualTypeOf<Task<[input: { size?: number | undefined }], string>>();
  });

  test("may have parameters with default values", () => {
    const typed = defineTask("x", (_context, x: number, y: number = 2) => x + y);
    expectTypeOf(typed).toEqualTypeOf<Task<[x: number, y?: number | undefined], number>>();
    const untyped = defineTask("x", (_context, x: number, y = 2) => x + y);
    // oxlint-disable-next-line typescript/no-explicit-any -- no type reaches the compiler from a default value
    expectTypeOf(untyped).toEqualTypeOf<Task<[x: number, y?: any], any>>();
    expectTypeOf(defineTask("x", (_context, y?: number) => y)).toEqualTypeOf<
      Task<[y?: number | undefined], number | undefined>
    >();
    expectTypeOf(defineTask("x", (_context, ...all: number[]) => all[0])).toEqualTypeOf<
      Task<number[], number | undefined>
    >();
  });

  test("takes and returns what can be sent", () => {
    const mapped = defineTask("x", (_context, counts: Map<string, number>) => counts.size);
    // @ts-expect-error: "A Map, a Set, a function or a symbol cannot be sent"
    expectTypeOf(() => client.send(mapped, new Map())).toBeFunction();
    const called = defineTask("x", (_context, then: () => void) => then());
    // @ts-expect-error: the same of a function
    expectTypeOf(() => client.send(called, () => {})).toBeFunction();
    const collected = defineTask("x", async (_context, x: number) => new Set([x]));
    // @ts-expect-error: the same of a result
    expectTypeOf(() => client.send(collected, 1)).toBeFunction();
    expectTypeOf(defineTask("x", (_context, x: unknown): unknown => x)).toEqualTypeOf<Task<[x: unknown], unknown>>();
    expectTypeOf(defineTask("x", (_context, _x: Date | { a: Uint8Array }): never => never())).toEqualTypeOf<
      Task<[_x: Date | { a: Uint8Array }], never>
    >();
  });

  test("may stand in a generic function", () => {
    const keep = <T>(kept: T) => defineTask("x", (_context, x: T) => ({ x, kept }));
    expectTypeOf(keep(1)).toEqualTypeOf<Task<[x: number], { x: number; kept: number }>>();
  });
});

describe("a definition", () => {
  test("names each parameter once", () => {
    // @ts-expect-error: "Name each parameter behind the context once"
    expectTypeOf(() => defineTask("x", { run: (_c, x: number, y: number) => x + y, parameters: ["x"] })).toBeFunction();
    // @ts-expect-error: the same with a schema
    expectTypeOf(() => defineTask("x", { args, parameters: ["at"] })).toBeFunction();
    defineTask("x", { run: (_context, x: number, y: number) => x + y, parameters: ["x", "y"] });
    defineTask("x", { run: (_context, x: number, y: number = 2) => x + y, parameters: ["x", "y"] });
    defineTask("x", { args, parameters: ["at", "text"] });
  });

  test("with keywords takes one object", () => {
    // @ts-expect-error: "a handler takes the context and one object"
    expectTypeOf(() => defineTask("x", { run: (_c: TaskContext, x: number) => x, keywords: true })).toBeFunction();
    const run = (_context: TaskContext, x: number, y: number) => x + y;
    // @ts-expect-error: the same of two parameters
    expectTypeOf(() => defineTask("x", { run, keywords: true })).toBeFunction();
    const fits = defineTask("x", { run: (_context, { x }: { x: number }) => x, keywords: true });
    expectTypeOf(fits).toEqualTypeOf<Task<[input: { x: number }], number>>();
  });

  test("limits a rate to so many in a second, minute or hour", () => {
    // @ts-expect-error: x is no unit
    expectTypeOf(() => defineTask("x", { run: () => 1, rateLimit: "10/x" })).toBeFunction();
    const count: number = 10;
    defineTask("x", { run: () => 1, rateLimit: `${count}/m` });
  });
});

test("a worker implements tasks that have no handler", () => {
  const right = [
    () => worker.implement(train, (_context, dataset, epochs) => ({ loss: dataset.length * epochs })),
    () => worker.implement(defineTask("x", { input }), (_context, { size }) => size.toFixed()),
    () =>
      worker.implement(
        defineTask("x", { args, returns: z.string() }),
        (_context, at, text) => `${at.toJSON()} ${text}`,
      ),
  ];
  expectTypeOf(right).toBeArray();
  // @ts-expect-error: it has one
  expectTypeOf(() => worker.implement(add, (_context, x: number) => x)).toBeFunction();
  // @ts-expect-error: the dataset is a string
  expectTypeOf(() => worker.implement(train, (_context, dataset: number) => ({ loss: dataset }))).toBeFunction();
  // @ts-expect-error: the loss is missing
  expectTypeOf(() => worker.implement(train, () => ({}))).toBeFunction();
});

test("a linked call takes the result", () => {
  add.with({ link: print.s() });
  add.with({ link: [print.s(), show.si("done")] });
  add.s(1, 2).with({ link: print.s() });
  // @ts-expect-error: a number is no string
  expectTypeOf(() => add.with({ link: show.s() })).toBeFunction();
  // @ts-expect-error: nor in a call
  expectTypeOf(() => add.s(1, 2).with({ link: [print.s(), show.s()] })).toBeFunction();
});

test("a time is 0 or more, with its unit behind the number", () => {
  const seconds: number = 5;
  add.with({ countdown: seconds, expires: new Date() }).with({ countdown: "1.5h", expires: `${seconds}m` });
  const options: CallOptions = { countdown: "10s" };
  add.s(1, 2).with(options).with({ countdown: 0, queue: "q" });
  // @ts-expect-error: "A time is 0 or more"
  expectTypeOf(() => add.with({ expires: -5 })).toBeFunction();
  // @ts-expect-error: "A time has no space before its unit"
  expectTypeOf(() => add.with({ countdown: "10 s" })).toBeFunction();
  // @ts-expect-error: the same in a call
  expectTypeOf(() => add.s(1, 2).with({ countdown: "10 s" })).toBeFunction();
  // @ts-expect-error: there is no such option
  expectTypeOf(() => add.with({ countdown: 5, delay: 10 })).toBeFunction();
});

test("functions over tasks get the arguments of callers and the result", () => {
  const sendAll = <A extends readonly unknown[], R>(task: Task<A, R>, calls: readonly A[]): Promise<R[]> =>
    Promise.all(calls.map((each) => client.call(task, ...each)));
  const resize = defineTask("x", { input, run: (_context, { size }) => size.toFixed() });
  expectTypeOf(() => sendAll(resize, [[{}], [{ size: 2 }]])).returns.resolves.toEqualTypeOf<string[]>();
  expectTypeOf(() => sendAll(add, [[1, 2]])).returns.resolves.toEqualTypeOf<number[]>();
  expectTypeOf(() => sendAll(train, [["mnist", 1]])).returns.resolves.toEqualTypeOf<{ loss: number }[]>();
  // @ts-expect-error: the size is a number
  expectTypeOf(() => sendAll(resize, [[{ size: "2" }]])).toBeFunction();
});

function never(): never {
  throw new Error("no value");
}
