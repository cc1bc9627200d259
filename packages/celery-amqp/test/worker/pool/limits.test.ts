import { newTask } from "@leveret/celery-protocol";
import { expect, test } from "vitest";
import { defineTask } from "../../../src/task/definition.ts";
import { limitsOf } from "../../../src/worker/pool/running/job.ts";

const { policy } = defineTask("demo.limited", { timeLimit: "30s", softTimeLimit: "20s" });

test.each<readonly [string, number | null, number | null, number, number]>([
  ["the message's", 5, 3, 5_000, 3_000],
  ["the task's, where the message has none", null, null, 30_000, 20_000],
  ["the task's, where the message says 0: Celery takes it for none", 0, 0, 30_000, 20_000],
  ["one of each", 5, 0, 5_000, 20_000],
])("the limits of a run are %s", (_name, hardSeconds, softSeconds, hardMs, softMs) => {
  const task = newTask({ id: "id", task: "demo.limited", timeLimit: { hardSeconds, softSeconds } });
  expect(limitsOf({ task, policy, redelivered: false })).toEqual({ hardMs, softMs });
});

test("a task without limits has none where the message says 0", () => {
  const { policy: unlimited } = defineTask("demo.free", {});
  const task = newTask({ id: "id", task: "demo.free", timeLimit: { hardSeconds: 0, softSeconds: 0 } });
  expect(limitsOf({ task, policy: unlimited, redelivered: false })).toEqual({ hardMs: null, softMs: null });
});
