import { describe, expect, test } from "vitest";
import { CeleryError } from "../../src/ports/errors.ts";
import { createResultRegistry } from "../../src/results/registry.ts";
import type { ResultSource } from "../../src/results/backend.ts";
import { PendingResults } from "../../src/results/pending.ts";
import { createFakeClock } from "../../src/testing/fake-clock.ts";
import { failure, rejection, revoked, state, success } from "../client/lab.ts";

const task = { id: "a" };
const base = { taskId: "a", traceback: null, children: [], dateDone: null, extra: {} };

function setUp(errorClasses = {}) {
  const clock = createFakeClock();
  const pending = new PendingResults({ maxResults: 10, maxBytes: 1_000 });
  let watching = 0;
  const source: ResultSource = {
    replyTo: () => null,
    prepare: async () => {},
    watch(id, watcher) {
      watching += 1;
      const leave = pending.watch(id, watcher);
      return () => {
        watching -= 1;
        leave();
      };
    },
    latest: (id) => pending.latest(id),
    forget: async (id) => pending.forget(id),
    close: async () => {},
  };
  return {
    clock,
    pending,
    watching: () => watching,
    result: createResultRegistry({ source, clock, errorClasses, revoke: async () => {} }).open("a", null),
  };
}

describe("an async result", () => {
  test("knows the state that was heard of", async () => {
    const { pending, result } = setUp();
    expect(result.state).toBe("PENDING");
    pending.deliver(state(task, "PROGRESS", 1), 1);
    expect(result.state).toBe("PROGRESS");
    pending.deliver(failure(task, "ValueError", []), 1);
    expect(result.state).toBe("FAILURE");
  });

  test("watches only while it is asked", async () => {
    const { clock, pending, result, watching } = setUp();
    expect(watching()).toBe(0);
    const both = Promise.all([result.get({ timeout: 5 }), result.settled({ timeout: 5 })]);
    expect([watching(), clock.pending]).toEqual([2, 2]);
    pending.deliver(success(task, 5), 1);
    expect(await both).toEqual([5, { status: "SUCCESS", value: 5 }]);
    expect([watching(), clock.pending]).toEqual([0, 0]);
  });

  test("keeps its end even when the source has given it up", async () => {
    const { pending, result } = setUp();
    pending.deliver(success(task, 5), 1);
    expect(await result.get()).toBe(5);
    pending.forget("a");
    expect(await result.get()).toBe(5);
    expect(result.state).toBe("SUCCESS");
  });

  test("is no thenable", async () => {
    const { result } = setUp();
    expect(await Promise.resolve(result)).toBe(result);
  });

  test.each([
    [
      failure(task, "ValueError", ["a", "b"]),
      { name: "TaskFailedError", excMessage: "a, b", message: "Task a failed with ValueError: a, b" },
    ],
    [
      failure(task, "ValueError", [], null),
      { name: "TaskFailedError", excModule: null, message: "Task a failed with ValueError" },
    ],
    [revoked(task, "terminated"), { name: "TaskRevokedError", reason: "terminated" }],
    [{ ...revoked(task, "x"), exception: { type: "X", module: null, args: [] } } as never, { reason: "revoked" }],
  ])("tells how the task ended (%#)", async (meta, error) => {
    const { pending, result } = setUp();
    pending.deliver(meta, 1);
    expect(await rejection(result.get())).toMatchObject(error);
    const seen = [];
    for await (const each of result.states()) seen.push(each);
    expect(seen).toMatchObject([{ meta: error }]);
  });

  test("tells states as they come: reported ones, retries, the end", async () => {
    const { pending, result } = setUp();
    pending.deliver({ ...base, status: "STARTED", result: { pid: 7 } }, 1);
    const seen = [];
    for await (const each of result.states()) {
      seen.push(each);
      if (seen.length === 1) pending.deliver({ ...base, status: "RETRY", exception: null }, 1);
      if (seen.length === 2)
        pending.deliver(
          { ...base, status: "RETRY", exception: { type: "OSError", module: "builtins", args: ["busy"] } },
          1,
        );
      if (seen.length === 3) pending.deliver(success(task, "done"), 1);
    }
    expect(seen).toMatchObject([
      { status: "STARTED", meta: { pid: 7 } },
      { status: "RETRY", meta: null },
      { status: "RETRY", meta: { excType: "OSError", excMessage: "busy" } },
      { status: "SUCCESS", meta: "done" },
    ]);
  });

  test("leaves when its reader leaves", async () => {
    const { pending, result, watching } = setUp();
    pending.deliver(state(task, "PROGRESS", 1), 1);
    for await (const { status } of result.states()) if (status === "PROGRESS") break;
    expect(watching()).toBe(0);
  });

  test("holds a bounded number of states for a slow reader, and always the end", async () => {
    const { pending, result } = setUp();
    const states = result.states()[Symbol.asyncIterator]();
    const first = states.next();
    for (let index = 0; index < 1_500; index += 1) pending.deliver(state(task, "PROGRESS", index), 1);
    pending.deliver(success(task, "done"), 1);
    const seen = [(await first).value];
    for (let next = await states.next(); !next.done; next = await states.next()) seen.push(next.value);
    expect(seen.length).toBeLessThan(1_002);
    expect(seen.at(-1)).toEqual({ status: "SUCCESS", meta: "done" });
  });

  test("passes on what the source loses it by", async () => {
    const { pending, result } = setUp();
    const waiting = rejection(result.settled());
    pending.lose("a", new CeleryError("access-refused", "no"));
    expect(await waiting).toMatchObject({ code: "access-refused" });
  });

  test.each(["soon", -1, Number.NaN])("refuses to wait for %s", async (timeout) => {
    const { result } = setUp();
    expect(await rejection(result.get({ timeout: timeout as never }))).toMatchObject({ code: "option-invalid" });
  });
});

function causeOf(error: unknown) {
  const { cause } = error as Error;
  return cause instanceof Error ? cause.message : cause;
}

describe("a registered error class", () => {
  class Gone extends Error {
    readonly url: string;
    constructor(url: string) {
      super(`gone: ${url}`);
      this.url = url;
    }
  }
  class Picky extends Error {
    constructor(count: number) {
      super("picky");
      if (typeof count !== "number") throw new TypeError("a number, please");
    }
  }

  test.each([
    ["Gone", "shop", { Gone }, "gone: x"],
    ["Gone", "shop", { "shop.Gone": Gone }, "gone: x"],
    ["Gone", "other", { "shop.Gone": Gone }, undefined],
    ["toString", "shop", {}, undefined],
    ["Picky", null, { Picky }, undefined],
  ])(
    "for %s of %s is made with the exception's arguments, if it takes them (%#)",
    async (type, module, classes, cause) => {
      const { pending, result } = setUp(classes);
      pending.deliver(failure(task, type, ["x"], module), 1);
      const error = await rejection(result.get());
      expect(error).toMatchObject({ name: "TaskFailedError", excType: type });
      expect(causeOf(error)).toEqual(cause);
    },
  );
});
