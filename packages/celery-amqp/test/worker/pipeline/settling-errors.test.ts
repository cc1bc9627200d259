import type { ResultMeta } from "@leveret/celery-protocol";
import { afterEach, describe, expect, test } from "vitest";
import { CeleryError, type CeleryErrorCode } from "../../../src/ports/errors.ts";
import type { ResultStore } from "../../../src/results/backend.ts";
import { defineTask } from "../../../src/task/definition.ts";
import { createHarness, startWorker, type Harness } from "../harness.ts";

let harness: Harness | undefined;
afterEach(async () => {
  const stopped = harness?.worker.stop({ grace: 0 });
  await harness?.clock.advance(60_000);
  await stopped;
});

let runs = 0;
const add = defineTask("demo.add", (_context, x: number, y: number) => {
  runs += 1;
  return x + y;
});

/** A store whose calls fail as long as there are errors; what it stored comes after. */
function storeOf(errors: unknown[], check?: ResultStore["check"]): ResultStore & { readonly stored: ResultMeta[] } {
  const stored: ResultMeta[] = [];
  return {
    stored,
    store: async (meta) => {
      if (errors.length > 0) throw errors.shift();
      stored.push(meta);
    },
    ...(check && { check }),
    close: async () => {},
  };
}

async function startWith(results: ResultStore): Promise<Harness> {
  runs = 0;
  harness = await startWorker([add], { results });
  await harness.send({ id: "id", task: "demo.add", args: [1, 2] });
  await harness.settle();
  return harness;
}

describe("a success whose store ends in", () => {
  test.each<[CeleryErrorCode, string | null]>([
    ["broker-unreachable", null],
    ["connection-lost", null],
    ["publish-timeout", null],
    ["publish-nacked", null],
    ["rpc-timeout", null],
    ["limit-reached", null],
    ["vhost-missing", null],
    ["overloaded", "publishing: no"],
    ["results-unreachable", "results: no"],
    ["access-refused", "results: no"],
  ])("%s is waited for", async (code, obstacle) => {
    const results = storeOf([new CeleryError(code, "no"), new CeleryError(code, "no")]);
    const { worker, clock, broker, lines } = await startWith(results);
    expect(worker.health.obstacles).toEqual(obstacle === null ? [] : [obstacle]);
    expect(worker.health.isReady).toBe(obstacle === null);
    await clock.advance(1_000);
    expect(results.stored.map(({ status }) => status)).toEqual(["SUCCESS"]);
    expect(worker.health.isReady).toBe(true);
    expect(runs).toBe(1);
    expect(broker.messages("celery")).toEqual([]);
    expect(lines.filter(({ message }) => message === "tasks wait to be settled")).toHaveLength(1);
  });

  test.each<CeleryErrorCode>(["results-refused", "publish-refused", "queue-mismatch", "not-found", "unroutable"])(
    "%s fails for its caller, and its message is kept",
    async (code) => {
      const results = storeOf([new CeleryError(code, "no")]);
      const { broker } = await startWith(results);
      expect(results.stored).toMatchObject([{ status: "FAILURE", exception: { type: "BackendError", args: ["no"] } }]);
      expect(broker.messages("celery.dead")).toMatchObject([
        { headers: { id: "id", "x-leveret-reason": "settle-refused", "x-leveret-error": "BackendError: no" } },
      ]);
      expect(broker.messages("celery")).toEqual([]);
      expect(runs).toBe(1);
    },
  );

  test.each([
    new CeleryError("encode-failed", "no"),
    new CeleryError("message-too-large", "no"),
    new Error("no"),
    "no error at all",
  ])("%s fails, and is acked", async (error) => {
    const results = storeOf([error]);
    const { broker, events } = await startWith(results);
    expect(results.stored).toMatchObject([{ status: "FAILURE", exception: { type: "EncodeError" } }]);
    expect(broker.messages("celery")).toEqual([]);
    expect(events.map(({ type }) => type)).not.toContain("deadLettered");
  });
});

test("a chord's part that can never be counted fails the chord once, calls no body, and keeps the message", async () => {
  const stored: ResultMeta[] = [];
  let parts = 0;
  const refuse = () => Promise.reject(new CeleryError("results-refused", "WRONGTYPE"));
  const results: ResultStore = {
    store: async (meta) => void stored.push(meta),
    chords: {
      apply: refuse,
      setSize: refuse,
      extend: refuse,
      finish: refuse,
      addPart: () => {
        parts += 1;
        return refuse();
      },
    },
    close: async () => {},
  };
  harness = await startWorker([add], { results });
  const options = { task_id: "body" };
  const body = { task: "demo.body", args: [], kwargs: {}, options, subtaskType: null, immutable: false, extra: {} };
  await harness.send({ id: "id", task: "demo.add", args: [1, 2], group: "g", groupIndex: 0, chord: body });
  await harness.clock.advance(120_000);
  expect(parts).toBe(1);
  expect(stored).toMatchObject([
    { taskId: "id", status: "SUCCESS" },
    { taskId: "body", status: "FAILURE", exception: { type: "ChordError" } },
  ]);
  expect(harness.broker.messages("celery.dead")).toMatchObject([
    { headers: { id: "id", "x-leveret-reason": "settle-refused" } },
  ]);
  expect(harness.broker.messages("celery")).toEqual([]);
  expect(harness.events.at(-1)).toMatchObject({ type: "taskSucceeded" });
});

describe("the check of a result backend", () => {
  const refused = (code: CeleryErrorCode) => () => Promise.reject(new CeleryError(code, "no"));

  test.each<CeleryErrorCode>(["access-refused", "results-refused"])(
    "that ends in %s refuses the start",
    async (code) => {
      harness = await createHarness([add], { results: storeOf([], refused(code)) });
      await expect(harness.worker.start()).rejects.toMatchObject({ code });
      expect(harness.worker.state).toBe("stopped");
    },
  );

  test("that finds it away lets the worker start, not ready until it is back", async () => {
    let isAway = true;
    const check = () => (isAway ? refused("results-unreachable")() : Promise.resolve());
    harness = await startWorker([add], { results: storeOf([], check) });
    expect(harness.worker.health).toMatchObject({ state: "running", isReady: false, obstacles: ["results: no"] });
    await harness.clock.advance(12_000);
    expect(harness.worker.health.isReady).toBe(false);
    isAway = false;
    await harness.clock.advance(5_000);
    expect(harness.worker.health.isReady).toBe(true);
  });

  test("decides when a worker is ready again whose tasks were given up", async () => {
    let isAway = false;
    const away = (): Promise<void> => (isAway ? refused("results-unreachable")() : Promise.resolve());
    harness = await startWorker([add], { results: { store: away, check: away, close: async () => {} } });
    isAway = true;
    await harness.send({ id: "id", task: "demo.add", args: [1, 2] });
    await harness.settle();
    expect(harness.worker.health.isReady).toBe(false);
    await harness.worker.pause();
    await harness.clock.advance(65_000);
    await harness.worker.resume();
    isAway = false;
    await harness.clock.advance(70_000);
    expect(harness.worker.health.notReadyBecause).toEqual([]);
  });
});
