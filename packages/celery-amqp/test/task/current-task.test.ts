import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { TaskContext } from "../../src/task/context.ts";
import { currentTask, runAsTask } from "../../src/task/current-task.ts";

test("the current task is known in all that its handler awaits, and nowhere else", async () => {
  const contexts = ["a", "b"].map((id) => ({ id }) as TaskContext);
  const seen = contexts.map((context) =>
    runAsTask(context, async () => {
      await nextTurn();
      return currentTask();
    }),
  );
  expect(currentTask()).toBeNull();
  expect(await Promise.all(seen)).toEqual(contexts);
});
