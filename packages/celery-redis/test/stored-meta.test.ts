import { newTask, type ResultMeta } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { storedMeta } from "../src/stored-meta.ts";
import { success } from "./support/results.ts";

const facts = { now: Date.UTC(2026, 10, 22, 10, 38, 43, 400), extended: false, nodeName: "w1@lab" };
const base = { taskId: "t", traceback: null, children: [], dateDone: null, extra: {} };
const task = newTask({
  id: "t",
  task: "demo.add",
  args: [2, 3],
  group: "g",
  parentId: "p",
  retries: 1,
  stampedHeaders: ["monitor"],
  stamps: { monitor: "abc" },
});
const received = { ...task, deliveryInfo: { exchange: "", routingKey: "celery", redelivered: false } };

describe("what is kept with a result", () => {
  test("is its end, its group and its parent", () => {
    const meta = storedMeta(success("t", 5), received, facts);
    expect(meta).toMatchObject({ dateDone: "2026-11-22T10:38:43.400000+00:00", result: 5 });
    expect(meta.extra).toEqual({ group_id: "g", parent_id: "p" });
    expect(storedMeta(success("t", 5), newTask({ id: "t", task: "demo.add" }), facts).extra).toEqual({});
  });

  test("has no end before it came", () => {
    const started: ResultMeta = { ...base, status: "STARTED", result: null };
    expect(storedMeta(started, received, facts).dateDone).toBeNull();
    expect(storedMeta({ ...success("t", 5), dateDone: "then" }, received, facts).dateDone).toBe("then");
  });

  test("is the call and the worker, where it is extended", () => {
    const { extra } = storedMeta(success("t", 5), received, { ...facts, extended: true });
    expect(extra).toEqual({
      group_id: "g",
      parent_id: "p",
      name: "demo.add",
      args: [2, 3],
      kwargs: {},
      worker: "w1@lab",
      retries: 1,
      queue: "celery",
      stamped_headers: ["monitor"],
      monitor: "abc",
    });
    const bare = storedMeta(success("t", 5), newTask({ id: "t", task: "demo.add" }), { ...facts, extended: true });
    expect(bare.extra).toEqual({ name: "demo.add", args: [], kwargs: {}, worker: "w1@lab", retries: 0, queue: null });
  });
});
