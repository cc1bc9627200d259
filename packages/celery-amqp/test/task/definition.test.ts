import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineTask } from "../../src/task/definition.ts";
import { createRegistry } from "../../src/task/registry.ts";

function same(_context: unknown, x: number) {
  return x;
}

function never() {
  return false;
}

describe("a task", () => {
  test("is a frozen value of name, policy and handler", () => {
    const task = defineTask("math.same", same);
    expect(task).toMatchObject({
      kind: "task",
      name: "math.same",
      passing: "positional",
      parameters: null,
      accepts: null,
      returns: null,
      run: same,
    });
    expect(Object.isFrozen(task)).toBe(true);
    expect(Object.isFrozen(task.policy)).toBe(true);
  });

  test("is acked late, keeps its results and is retried only on request, unless it says otherwise", () => {
    expect(defineTask("x").policy).toEqual({
      acks: "late",
      acksOnFailure: true,
      pool: null,
      acksOnTimeout: true,
      rejectOnWorkerLost: false,
      ignoreResult: false,
      storeErrorsEvenIfIgnored: false,
      trackStarted: false,
      sendEvents: true,
      timeLimitMs: null,
      softTimeLimitMs: null,
      ratePerSecond: null,
      retry: { attempts: 4, automatic: false, delayMs: 180_000, backoff: "fixed", maxDelayMs: 600_000, jitter: false },
    });
  });

  test("takes its policy from its options", () => {
    const task = defineTask("x", {
      acks: "early",
      timeLimit: "30s",
      softTimeLimit: 20,
      trackStarted: true,
      retry: { attempts: 5, backoff: "exponential", maxDelay: "10m", when: never },
      run: () => 1,
    });
    expect(task.policy).toMatchObject({
      acks: "early",
      timeLimitMs: 30_000,
      softTimeLimitMs: 20_000,
      trackStarted: true,
    });
    expect(task.policy.retry).toEqual({
      attempts: 5,
      automatic: true,
      delayMs: 1_000,
      backoff: "exponential",
      maxDelayMs: 600_000,
      jitter: true,
      when: never,
    });
  });

  test("hands to each call what is meant for it", () => {
    const expires = new Date("2030-01-01");
    const task = defineTask("x", { queue: "q", priority: 3, expires, timeLimit: 5, ignoreResult: true, acks: "early" });
    expect(task.options).toEqual({ queue: "q", priority: 3, expires, timeLimit: 5, ignoreResult: true });
  });

  test("travels by keyword with an input, or when it says so", () => {
    const input = z.object({ a: z.string() });
    expect(defineTask("x", { input })).toMatchObject({ passing: "keyword", accepts: input });
    expect(defineTask<(a: { b: 1 }) => void>("x", { keywords: true })).toMatchObject({
      passing: "keyword",
      accepts: null,
    });
    expect(defineTask("x", { keywords: true, run: (_context, a: { b: 1 }) => a })).toMatchObject({
      passing: "keyword",
    });
    expect(defineTask("x", { args: z.tuple([z.string()]) })).toMatchObject({ passing: "positional" });
  });

  test("takes a schema that is a function, as arktype's are", () => {
    const schema = Object.assign(() => {}, {
      "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) },
    });
    expect(defineTask("x", { input: schema as never })).toMatchObject({ accepts: schema });
  });

  test.each([
    ["", undefined],
    [undefined, undefined],
    [7, undefined],
    ["x", null],
    ["x", "handler"],
    ["x", { priorty: 3 }],
    ["x", { run: "handler" }],
    ["x", { input: {} }],
    ["x", { input: z.object({}), args: z.tuple([]) }],
    ["x", { args: z.tuple([]), keywords: true }],
    ["x", { returns: 7 }],
    ["x", { keywords: "yes" }],
    ["x", { parameters: "x, y" }],
    ["x", { parameters: ["x", ""] }],
    ["x", { parameters: ["x", "x"] }],
    ["x", { parameters: ["x"], keywords: true }],
    ["x", { acks: "never" }],
    ["x", { trackStarted: 1 }],
    ["x", { timeLimit: 0 }],
    ["x", { softTimeLimit: "soon" }],
    ["x", { retry: { attempts: 0 } }],
    ["x", { retry: { attempts: 1.5 } }],
    ["x", { retry: { backoff: "linear" } }],
    ["x", { retry: { delay: -1 } }],
    ["x", { retry: { jitter: "full" } }],
    ["x", { retry: { when: true } }],
    ["x", { retry: 5 }],
  ])("is refused as defineTask(%j, %j)", (name, definition) => {
    const refusal = expect.objectContaining({ name: "CeleryError", code: "option-invalid" });
    expect(() => defineTask(name as never, definition as never)).toThrow(refusal);
  });
});

describe("options on top", () => {
  const task = defineTask("x", { queue: "q", priority: 3, run: (_context, a: number) => a });

  test("win over those below and leave the task as it was", () => {
    expect(task.with({ priority: 5, id: "1" }).options).toEqual({ queue: "q", priority: 5, id: "1" });
    expect(task.options).toEqual({ queue: "q", priority: 3 });
    expect(task.with({ id: "1" }).run).toBe(task.run);
  });

  test("go into each call made of the task", () => {
    const call = task.with({ countdown: "10s" }).s(1).with({ shadow: "y" });
    expect(call).toMatchObject({ kind: "signature", args: [1], immutable: false });
    expect(call.options).toEqual({ queue: "q", priority: 3, countdown: "10s", shadow: "y" });
    expect(task.si(1).immutable).toBe(true);
  });

  test("replace a countdown by an eta and the reverse", () => {
    const eta = new Date();
    expect(task.with({ countdown: 1 }).with({ eta }).options).not.toHaveProperty("countdown");
    expect(task.with({ eta }).with({ countdown: 1 }).options).not.toHaveProperty("eta");
  });

  test("count as not given when they are undefined", () => {
    expect(task.with({ queue: undefined } as never).options).toEqual({ queue: "q", priority: 3 });
  });
});

describe("a registry", () => {
  const add = defineTask("add", () => 1);

  test("finds tasks by name", () => {
    const registry = createRegistry([add, defineTask("__proto__", () => 2)]);
    expect(registry.get("add")).toBe(add);
    expect(registry.get("toString")).toBeNull();
    expect(registry.list().map(({ name }) => name)).toEqual(["add", "__proto__"]);
  });

  test("takes one task twice, but not two of one name", () => {
    expect(createRegistry([add, add]).list()).toHaveLength(1);
    expect(() => createRegistry([add, defineTask("add", () => 2)])).toThrow(
      expect.objectContaining({ code: "task-duplicate" }),
    );
  });

  test.each([undefined, null, () => 1, { name: "x" }])("refuses %s, which is no task", (thing) => {
    expect(() => createRegistry([thing as never])).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });
});
