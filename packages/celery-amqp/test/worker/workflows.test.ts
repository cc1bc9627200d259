import { encodeSignature } from "@leveret/celery-protocol";
import { encodeResultTuple } from "@leveret/celery-protocol/results";
import { z } from "zod";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chain, chord, chunks, group, map, signatureFrom, starmap } from "../../src/task/canvas.ts";
import type { TaskContext } from "../../src/task/context.ts";
import { defineTask } from "../../src/task/definition.ts";
import type { TaskRequest } from "../../src/task/request.ts";
import type { AnySignature, Signature } from "../../src/task/signature.ts";
import { toWireSignature } from "../../src/task/wire-signature.ts";
import { createMemoryResults } from "../../src/testing/memory-results.ts";
import { type TestCelery, testCelery, type TestCeleryOptions } from "../../src/testing/test-celery.ts";

const add = defineTask("add", (_context, x: number, y: number) => x + y);
const sum = defineTask("sum", (_context, items: readonly number[]) => items.reduce((total, item) => total + item, 0));
const double = defineTask("double", { args: z.tuple([z.coerce.number()]), run: (_context, x) => x * 2 });
const fail = defineTask("fail", (_context, text: string): number => {
  throw new RangeError(text);
});
const heard: unknown[][] = [];
const onId = defineTask("on_id", (_context, taskId: string) => void heard.push([taskId]));
const onLabel = defineTask("on_label", {
  parameters: ["taskId", "label"],
  run: (_context, taskId: string, label: string) => void heard.push([taskId, label]),
});
const labelled = (label: string): AnySignature =>
  signatureFrom({ task: "on_label", args: [], kwargs: { label }, options: {}, subtask_type: null, immutable: false });
const onError = defineTask(
  "on_error",
  (_context, request: TaskRequest, error: Error, traceback: string | null) =>
    void heard.push([request.id, request.task, error, traceback]),
);
const onErrorFails = defineTask("on_error_fails", (_context, _request: TaskRequest, _error: Error): never => {
  throw new Error("the errback's own");
});
const tasks = [add, sum, double, fail, onId, onLabel, onError, onErrorFails];

let celery: TestCelery;

function start(options: Partial<TestCeleryOptions> = {}): TestCelery {
  const results = createMemoryResults();
  return testCelery({ tasks, results: results.connect(), client: { results: results.connect() }, ...options });
}

beforeEach(() => {
  heard.length = 0;
  celery = start();
});

afterEach(async () => {
  await celery.stop();
});

describe("errbacks", () => {
  test("get the id, or request, error and traceback where they take more than one", async () => {
    const result = await celery.client.send(fail.s("boom").linkError(onId.s()).linkError(onError.s()));
    await expect(result.get()).rejects.toMatchObject({ excMessage: "boom" });
    await celery.advance("1s");
    expect(heard).toEqual([
      [result.id, "fail", expect.objectContaining({ message: "boom" }), expect.stringContaining("boom")],
      [result.id],
    ]);
    expect(heard[0]?.[2]).toBeInstanceOf(RangeError);
    expect(celery.sent(onError)).toEqual([]);
  });

  test.each<[string, AnySignature, (id: string) => unknown[]]>([
    ["one argument beside a stored one", onLabel.s("stored"), (id) => [id, "stored"]],
    ["one argument beside a stored one, by name", labelled("stored"), (id) => [id, "stored"]],
    ["no argument beside stored ones", onLabel.si("given", "stored"), () => ["given", "stored"]],
  ])("that take %s get no error", async (_what, errback, expected) => {
    const result = await celery.client.send(fail.s("boom").linkError(errback as never));
    await expect(result.get()).rejects.toMatchObject({ excMessage: "boom" });
    await celery.advance("1s");
    expect(heard).toEqual([expected(result.id)]);
  });

  test("that fail are logged, and hide nothing", async () => {
    const lines: string[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (line: string) => void lines.push(line) };
    await celery.stop();
    celery = start({ logger });
    const result = await celery.client.send(fail.s("boom").linkError(onErrorFails.s()));
    await expect(result.get()).rejects.toMatchObject({ excMessage: "boom" });
    await celery.advance("1s");
    expect(lines).toContain("an errback did not succeed");
  });

  test("of a chord hear that its body will not run, and all that waits fails", async () => {
    const call = chord([add.s(1, 1), fail.s("boom")], sum.s()).linkError(onError.s());
    const result = await celery.client.send(group(chain(call, add.s(1)), call));
    await expect(result.get()).rejects.toMatchObject({ excType: "ChordError" });
    await celery.advance("1s");
    const told = [expect.any(String), "sum", { name: "ChordError" }, null];
    expect(heard).toMatchObject([told, told]);
  });

  test("of a handler's own task with a schema get the id alone", async () => {
    const strict = defineTask("strict", {
      args: z.tuple([z.string()]).rest(z.unknown()),
      run: (_context, taskId, ...rest) => void heard.push([taskId, rest.length]),
    });
    await celery.stop();
    celery = start({ tasks: [...tasks, strict] });
    const result = await celery.client.send(fail.s("boom").linkError(strict.s()));
    await celery.advance("1s");
    expect(heard).toEqual([[result.id, 0]]);
  });
});

describe("a call, and a result, as values", () => {
  test("are handed on in results and arguments, and others call them", async () => {
    const make = defineTask("make", () => chain(add.s(1, 2), add.s(10)));
    const run = defineTask("run", (context, call: unknown) => context.replace(signatureFrom(call)));
    await celery.stop();
    celery = start({ tasks: [...tasks, make, run] });
    const made = await celery.client.call(chain(make.s(), run.s()) as Signature<[], unknown>);
    expect(made).toBe(13);
    await expect(celery.client.call(run, add.s(3, 4))).resolves.toBe(7);
    await expect(celery.client.call(run, { no: "call" })).rejects.toMatchObject({
      excMessage: expect.stringContaining("No call can be made of this") as string,
    });
  });

  test("a result is returned as Celery's tuple, with its parents'", async () => {
    const begin = defineTask("begin", ({ client }) => client.send(chain(add.s(1, 2), add.s(10))));
    const spread = defineTask("spread", ({ client }) => client.send(group(add.s(1, 2), add.s(3, 4))));
    await celery.stop();
    celery = start({ tasks: [...tasks, begin, spread] });
    const text = expect.any(String) as string;
    const written = async (task: typeof begin | typeof spread): Promise<unknown> =>
      JSON.parse(JSON.stringify(await celery.client.call(task as typeof begin)));
    expect(await written(begin)).toEqual([[text, [[text, null], null]], null]);
    const member = [[text, null], null];
    expect(await written(spread)).toEqual([
      [text, null],
      [member, member],
    ]);
  });
});

describe("a task that is replaced", () => {
  const replaced = (by: (context: TaskContext) => void) =>
    defineTask<() => number>("replaced", { run: by as never } as never);

  test.each<[string, (context: TaskContext) => void, unknown]>([
    ["a task", (context) => context.replace(add.s(1, 2)), 3],
    ["a chain", (context) => context.replace(chain(add.s(1, 2), add.s(10))), 13],
    ["a group", (context) => context.replace(group(add.s(1, 2), add.s(3, 4))), [3, 7]],
    ["a chord", (context) => context.replace(chord([add.s(1, 2), add.s(3, 4)], sum.s())), 10],
    ["a map", (context) => context.replace(map(double, [1, 2])), [2, 4]],
  ])("by %s has its result", async (_what, by, expected) => {
    const task = replaced(by);
    await celery.stop();
    celery = start({ tasks: [...tasks, task] });
    const result = await celery.client.send(task);
    expect(await result.get()).toEqual(expected);
  });

  test("keeps its callbacks, the rest of its chain and its place in a chord", async () => {
    const task = replaced((context) => context.replace(chain(add.s(1, 2), add.s(10))));
    await celery.stop();
    celery = start({ tasks: [...tasks, task] });
    expect(await celery.client.call(chord([add.s(1, 1), chain(task.s(), add.s(100))], sum.s()))).toBe(115);
    expect(celery.sent(add)).toContainEqual(
      expect.objectContaining({ message: expect.objectContaining({ replacedTaskNesting: 1 }) as unknown }),
    );
  });

  test("by an empty chain fails as in Celery", async () => {
    const empty = (chain as () => Signature<[], unknown>)();
    const task = replaced((context) => context.replace(empty));
    await celery.stop();
    celery = start({ tasks: [...tasks, task] });
    await expect(celery.client.call(task)).rejects.toMatchObject({
      excType: "ImproperlyConfigured",
      excModule: "celery.exceptions",
      excMessage: expect.stringContaining("empty chain") as string,
    });
  });

  test("by what is no call fails", async () => {
    const task = replaced((context) => context.replace("add" as never));
    await celery.stop();
    celery = start({ tasks: [...tasks, task] });
    await expect(celery.client.call(task)).rejects.toMatchObject({
      excMessage: expect.stringContaining("replace:") as string,
    });
  });
});

describe("a part that is added to a chord", () => {
  const adding = (call: Parameters<TaskContext["addToChord"]>[0]) =>
    defineTask("adding", async (context) => {
      await context.addToChord(call);
      return 1;
    });

  test.each([
    ["a task", add.s(10, 10), 23],
    ["a chain", chain(add.s(10, 10), add.s(5)), 28],
    ["a chord", chord([add.s(1, 1), add.s(2, 2)], sum.s()), 9],
  ])("as %s is waited for", async (_what, call, expected) => {
    const task = adding(call);
    await celery.stop();
    celery = start({ tasks: [...tasks, task] });
    expect(await celery.client.call(chord([add.s(1, 1), task.s()], sum.s()))).toBe(expected);
  });

  test("is refused outside of a chord, and as a group", async () => {
    const task = adding(group(add.s(1, 1)));
    await celery.stop();
    celery = start({ tasks: [...tasks, task] });
    await expect(celery.client.call(task)).rejects.toMatchObject({
      excMessage: expect.stringMatching(/group|chord/) as string,
    });
    await expect(celery.client.call(chord([task.s()], sum.s()))).rejects.toMatchObject({
      excMessage: expect.stringContaining("A group cannot be added") as string,
    });
  });
});

describe("Celery's own tasks", () => {
  test("map, starmap and chunks call a task of the worker", async () => {
    expect(await celery.client.call(map(double, [1, 2, 3]))).toEqual([2, 4, 6]);
    expect(
      await celery.client.call(
        starmap(add, [
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toEqual([3, 7]);
    expect(
      await celery.client.call(
        chunks(
          add,
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          2,
        ),
      ),
    ).toEqual([[3, 7], [11]]);
    expect(await celery.client.call(chain(map(double, [1, 2]), sum.s()))).toBe(6);
  });

  test("map and starmap of a task that needs more arguments fail as Python's do", async () => {
    for (const call of [map(add as never, [1]), starmap(add as never, [[1]] as never)]) {
      await expect(celery.client.call(call)).rejects.toMatchObject({
        excType: "TypeError",
        excMessage: expect.stringContaining("missing 1 required positional argument") as string,
      });
    }
  });

  test("map of what is not registered, or fails, fails", async () => {
    const unknown = defineTask<(x: number) => number>("unknown");
    await expect(celery.client.call(map(unknown, [1]))).rejects.toMatchObject({ excType: "NotRegistered" });
    await expect(celery.client.call(map(fail, ["boom"]))).rejects.toMatchObject({ excMessage: "boom" });
  });

  test.each<[string, unknown[], Record<string, unknown>, unknown]>([
    ["celery.accumulate", [1, 2], {}, [1, 2]],
    ["celery.accumulate", [[1, 2], 3], { index: 0 }, [1, 2]],
    ["celery.accumulate", [1], { index: 7 }, null],
    ["celery.backend_cleanup", [], {}, null],
    ["celery.starmap", [encodeSignature(toWireSignature(add.s())), [[1, 2]]], {}, [3]],
  ])("%s(%j, %j)", async (name, args, kwargs, expected) => {
    expect(await (await celery.client.sendByName(name, { args, kwargs })).get()).toEqual(expected);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ["celery.group", { tasks: [add.s(1), add.s(2)], result: [], group_id: "g", partial_args: [5] }, ["[5,1]", "[5,2]"]],
    [
      "celery.chord",
      { header: [add.s(1, 1), add.s(2, 2)], body: sum.s(), partial_args: [] },
      ["[1,1]", "[2,2]", "[[2,4]]"],
    ],
    [
      "celery.chunks",
      {
        task: add.s(),
        it: [
          [1, 1],
          [2, 2],
        ],
        n: 1,
      },
      ["[]", "[]"],
    ],
  ])("%s starts what it holds", async (name, kwargs, expected) => {
    const written = JSON.parse(JSON.stringify(kwargs, (_key, each: unknown) => writtenCall(each))) as object;
    await (await celery.client.sendByName(name, { kwargs: { ...written } })).get();
    await celery.advance("1s");
    const starmaps = celery.sent(defineTask("celery.starmap"));
    const sent = [...celery.sent(add), ...starmaps, ...celery.sent(sum)].map(({ args }) => JSON.stringify(args));
    expect(sent).toEqual(expected);
  });

  test("chain is no task that runs", async () => {
    await expect((await celery.client.sendByName("celery.chain")).get()).rejects.toMatchObject({
      excType: "NotImplementedError",
    });
  });

  test("a task of the same name wins", async () => {
    await celery.stop();
    celery = start({ tasks: [...tasks, defineTask("celery.backend_cleanup", () => "mine")] });
    expect(await (await celery.client.sendByName("celery.backend_cleanup")).get()).toBe("mine");
  });

  describe("chord_unlock", () => {
    async function unlock(ids: readonly string[], more: Record<string, unknown> = {}): Promise<string> {
      const body = { ...sum.s([]).with({ id: "the-body" }).linkError(onId.s()) };
      const callback = { ...encodeSignature(toWireSignature(body)), args: [] };
      const result = ids.map((id) => encodeResultTuple({ id, parent: null, members: null }));
      const kwargs = { interval: 1, max_retries: null, result, ...more };
      const sent = await celery.client.sendByName("celery.chord_unlock", { args: ["g", callback], kwargs });
      return sent.id;
    }

    test("waits for the header, then calls the body", async () => {
      await unlock(["one", "two"]);
      await celery.client.send(add.s(1, 1).with({ id: "one" }));
      await celery.advance("5s");
      expect(celery.sent(sum)).toEqual([]);
      await celery.client.send(add.s(2, 2).with({ id: "two" }));
      await celery.advance("5s");
      expect(await celery.client.result("the-body").get()).toBe(6);
    });

    test("fails the body where one of the header fails, or all the looks are used up", async () => {
      await unlock(["one"]);
      await celery.client.send(fail.s("boom").with({ id: "one" }));
      await celery.advance("2s");
      await expect(celery.client.result("the-body").get()).rejects.toMatchObject({ excType: "ChordError" });
      expect(heard).toEqual([["the-body"]]);
      await celery.client.result("the-body").forget();
      await unlock(["never"], { max_retries: 2 });
      await celery.advance("10s");
      await expect(celery.client.result("the-body").get()).rejects.toMatchObject({ excType: "ChordError" });
    });
  });
});

test("a handler may know all that Celery's self.request tells", async () => {
  const requests: TaskRequest[] = [];
  const look = defineTask("look", (context, _x: number) => {
    requests.push(context.request);
    return context.request === context.request;
  });
  await celery.stop();
  celery = start({ tasks: [...tasks, look] });
  const eta = new Date(celery.clock.now() + 1_000);
  const call = look.s(1).with({ priority: 3, headers: { tenant: "blue" }, stamps: { mark: 1 }, timeLimit: 9, eta });
  const result = await celery.client.send(chord([chain(call, add.si(1, 1)), add.s(2, 2)], sum.s()));
  await celery.advance("2s");
  expect(await result.get()).toBe(6);
  expect(requests[0]).toMatchObject({
    task: "look",
    parentId: null,
    args: [1],
    kwargs: {},
    retries: 0,
    eta,
    expires: null,
    timeLimit: { hardSeconds: 9, softSeconds: null },
    hostname: "celery@test",
    origin: "gen1@test",
    headers: { tenant: "blue" },
    stampedHeaders: ["mark"],
    stamps: { mark: 1 },
    chain: [{ task: "add", options: { chord: { task: "sum" } } }],
    lang: "js",
    ignoreResult: false,
    replacedTaskNesting: 0,
    deliveryInfo: { routingKey: "celery", priority: 3 },
    properties: { deliveryMode: 2, priority: 3, messageId: null, type: null, appId: null, timestampSeconds: null },
    utc: null,
    taskset: null,
    children: [],
    calledDirectly: false,
    isEager: false,
    loglevel: null,
    logfile: null,
  });
});

test("what a task sends has its priority where it is told to hand it down", async () => {
  const parent = defineTask("parent", async (context) => {
    await context.client.send(add, 1, 1);
    await context.client.send(group(add.s(2, 2), add.s(3, 3).with({ priority: 1 })));
  });
  await celery.stop();
  celery = start({ tasks: [...tasks, parent], inheritParentPriority: true });
  await celery.client.call(parent.s().with({ priority: 6, link: add.si(4, 4) }));
  await celery.advance("1s");
  const priorities = celery.sent(add).map(({ args, message }) => [args[0], message.priority]);
  expect(priorities).toEqual([
    [1, 6],
    [2, 6],
    [3, 1],
    [4, 6],
  ]);
});

function writtenCall(value: unknown): unknown {
  const isCall = typeof value === "object" && value !== null && "kind" in value && value.kind === "signature";
  return isCall ? encodeSignature(toWireSignature(value as never)) : value;
}
