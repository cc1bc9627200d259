import { afterEach, describe, expect, test } from "vitest";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(60_000);
  await stopped;
});

const throwing = (thrown: unknown) => (): never => {
  throw thrown;
};

const circular: Record<string, unknown> = {};
circular["self"] = circular;
let turns = 0;
const values: readonly (readonly [string, () => unknown])[] = [
  ["toJSON throws an error", () => ({ toJSON: throwing(new Error("no")) })],
  ["toJSON throws a string", () => ({ toJSON: throwing("no") })],
  ["toJSON throws undefined", () => ({ toJSON: throwing(undefined) })],
  ["toJSON throws null deep inside", () => [{ deep: [{ toJSON: throwing(null) }] }]],
  ["toJSON gives itself", () => ({ toJSON: () => circular })],
  ["toJSON gives a bigger one each time", () => ({ toJSON: () => ({ turn: (turns += 1), text: "x".repeat(turns) }) })],
  [
    "getter throws an error",
    () => Object.defineProperty({}, "x", { enumerable: true, get: throwing(new Error("no")) }),
  ],
  ["getter throws a number", () => Object.defineProperty({}, "x", { enumerable: true, get: throwing(42) })],
  [
    "getter of an array throws",
    () => Object.defineProperty([], 0, { enumerable: true, get: throwing(new Error("no")) }),
  ],
  ["ownKeys trap throws", () => new Proxy({}, { ownKeys: throwing(new Error("no")) })],
  ["get trap throws a string", () => ({ inner: new Proxy({ a: 1 }, { get: throwing("no") }) })],
  ["getPrototypeOf trap throws", () => new Proxy({}, { getPrototypeOf: throwing(new Error("no")) })],
  [
    "proxy is revoked",
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return { proxy };
    },
  ],
  [
    "error thrown has a message getter that throws",
    () => ({
      toJSON: throwing(Object.defineProperty(new Error("x"), "message", { get: throwing(new Error("y")) })),
    }),
  ],
  ["circular", () => circular],
  ["a symbol", () => Symbol("s")],
  ["a function", () => () => 1],
  ["NaN", () => Number.NaN],
  ["a lone surrogate", () => "\ud800"],
  ["an invalid date", () => new Date(Number.NaN)],
  ["a Map", () => new Map([[1, 2]])],
];

const unwritable: ReadonlySet<string> = new Set(
  values.map(([what]) => what).filter((what) => !/bigger one|lone surrogate/.test(what)),
);

describe.each([false, true])("a result, ignoreResult %s,", (ignoreResult) => {
  test.each(values)("%s: ends the task once", async (what, value) => {
    let runs = 0;
    const task = defineTask("demo.value", {
      ignoreResult,
      run: () => {
        runs += 1;
        return value();
      },
    });
    harness = await startWorker([task]);
    await harness.send({ id: "id", task: "demo.value", ignoreResult });
    await harness.settle();
    await harness.clock.advance(120_000);
    expect(runs).toBe(1);
    expect(harness.broker.messages("celery")).toEqual([]);
    const failure = { status: "FAILURE", exception: { type: "EncodeError", module: "kombu.exceptions" } };
    const state = unwritable.has(what) ? failure : { status: "SUCCESS" };
    expect(await harness.results()).toMatchObject(ignoreResult ? [] : [state]);
    const ends = harness.events.filter(({ type }) => type === "taskFailed" || type === "taskSucceeded");
    expect(ends).toHaveLength(1);
  });
});
