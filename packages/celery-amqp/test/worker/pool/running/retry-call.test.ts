import { describe, expect, test } from "vitest";
import type { RetryCallOptions } from "../../../../src/task/retry-call.ts";
import { defineTask } from "../../../../src/task/definition.ts";
import { retrySignal } from "../../../../src/worker/pool/running/retry-call.ts";
import { task } from "../../rules/given.ts";

const message = task({ args: [1], kwargs: { z: 3 }, timeLimit: { hardSeconds: 50, softSeconds: 40 } });
const parameters = ["x", "y", "z"];
const changesOf = (options: RetryCallOptions, given = message, names: readonly string[] | null = parameters) =>
  retrySignal(given, names, options).changes;

describe("a retry", () => {
  test.each([[{}], [{ in: 3 }], [{ cause: new Error("busy") }], [{ queue: undefined as never }]])(
    "that says %o changes nothing",
    (options) => {
      expect(changesOf(options)).toBeUndefined();
    },
  );

  test("says when it comes", () => {
    expect(retrySignal(message, null, { in: "3s" })).toMatchObject({ delayMs: 3_000, message: "Retry in 3s" });
    const eta = new Date("2026-12-01T00:00:00Z");
    expect(retrySignal(message, null, { eta })).toMatchObject({
      delayMs: null,
      message: "Retry at 2026-12-01T00:00:00.000Z",
      changes: { etaMs: eta.getTime() },
    });
  });

  test("carries all that Celery's may", () => {
    const done = defineTask("demo.done", () => 1);
    const at = new Date("2026-12-01T00:00:00Z");
    expect(
      changesOf({
        attempts: 7,
        expires: at,
        priority: 0,
        headers: { tenant: "acme" },
        timeLimit: "1m",
        ignoreResult: true,
        serializer: "yaml",
        compression: null,
        shadow: "nice",
        argsRepr: "(…)",
        kwargsRepr: "{…}",
        replyTo: "answers",
        persistent: false,
        link: done.si(),
        linkError: [done.si()],
      }),
    ).toEqual({
      etaMs: null,
      attempts: 7,
      expires: { atMs: at.getTime() },
      to: {},
      fields: {
        priority: 0,
        extraHeaders: { tenant: "acme" },
        timeLimit: { hardSeconds: 60, softSeconds: 40 },
        ignoreResult: true,
        serializer: "yaml",
        compression: null,
        shadow: "nice",
        argsRepr: "(…)",
        kwargsRepr: "{…}",
        replyTo: "answers",
        persistent: false,
        callbacks: [expect.objectContaining({ task: "demo.done", immutable: true })],
        errbacks: [expect.objectContaining({ task: "demo.done" })],
      },
    });
  });

  test.each([
    [{ queue: "other" }, { exchange: "", routingKey: "other" }],
    [{ exchange: "films" }, { exchange: "films" }],
    [
      { exchange: "films", routingKey: "" },
      { exchange: "films", routingKey: "" },
    ],
    [{ routingKey: "small" }, { routingKey: "small" }],
  ])("to %o", (options, to) => {
    expect(changesOf(options)?.to).toEqual(to);
  });
});

describe("the arguments of the next run", () => {
  // Celery 5.7.0, a task of (x, y, *, z) or (x, y, z): what it was called with, what the retry says, what is sent.
  test.each([
    ["both", [1], { z: 3 }, { args: [7], kwargs: {} }, [7], {}],
    ["args; keywords stay", [1], { z: 3 }, { args: [7, 8] }, [7, 8], { z: 3 }],
    ["args over a keyword", [], { x: 1, z: 3 }, { args: [7] }, [7], { z: 3 }],
    ["args over all keywords", [], { x: 1, y: 2, z: 3 }, { args: [7, 8, 9] }, [7, 8, 9], {}],
    ["no args; keywords stay", [1], { z: 3 }, { args: [] }, [], { z: 3 }],
    ["kwargs; positions stay", [1, 2], { z: 3 }, { kwargs: { z: 9 } }, [1, 2], { z: 9 }],
    ["kwargs over a position", [1, 2], {}, { kwargs: { x: 7 } }, [7, 2], {}],
    ["kwargs over a position and beside", [1], { y: 2 }, { kwargs: { x: 7, z: 9 } }, [7], { z: 9 }],
    ["no kwargs; positions stay", [1], { z: 3 }, { kwargs: {} }, [1], {}],
    ["kwargs of an odd name", [1], {}, { kwargs: { constructor: 7 } }, [1], { constructor: 7 }],
  ])("%s", (_name, args, kwargs, options, nextArgs, nextKwargs) => {
    const changes = changesOf(options, task({ args, kwargs }));
    expect(changes?.fields).toEqual({ args: nextArgs, kwargs: nextKwargs, argsRepr: null, kwargsRepr: null });
  });

  test("of a task without parameters stay as they are named", () => {
    expect(changesOf({ kwargs: { x: 7 } }, message, null)?.fields).toMatchObject({ args: [1], kwargs: { x: 7 } });
  });
});

describe("a retry is refused that says", () => {
  test.each([
    ["a wait and a time", { in: 1, eta: new Date() }, /in or eta/],
    ["a queue and an exchange", { queue: "a", exchange: "b" }, /a queue, or an exchange/],
    ["no list of arguments", { args: "abc" }, /: args \("abc"\)\. Give a list/],
    ["a list of keyword arguments", { kwargs: [1] }, /: kwargs \(a list\)\. Give an object/],
    ["no attempts", { attempts: 0 }, /: attempts \(0\)\. Give an integer from 1/],
    ["half an attempt", { attempts: 1.5 }, /: attempts \(1\.5\)/],
    ["a wrong priority", { priority: 256 }, /: priority \(256\)/],
    ["Celery's own header", { headers: { id: "other" } }, /: headers\["id"\]/],
    ["an invalid date", { eta: new Date(Number.NaN) }, /: eta /],
    ["an id of its own", { id: "other" }, /keeps its id/],
    ["a countdown", { countdown: 3 }, /: countdown \(3\)\. Give in/],
    ["an option that nobody knows", { colour: "red" }, /: colour \(unknown\)/],
  ])("%s", (_name, options, words) => {
    expect(() => retrySignal(message, null, options as never)).toThrow(words);
  });
});
