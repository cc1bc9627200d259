import { afterEach, describe, expect, test } from "vitest";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);

describe("a worker", () => {
  test("runs a task, stores its result, acks it", async () => {
    harness = await startWorker([add]);
    await harness.send({ id: "id", task: "demo.add", args: [2, 3] });
    await harness.settle();
    expect(await harness.results()).toMatchObject([{ taskId: "id", status: "SUCCESS", result: 5 }]);
    expect(harness.broker.messages("celery")).toEqual([]);
    expect(harness.events.map((event) => event.type)).toEqual([
      "stateChanged",
      "stateChanged",
      "taskReceived",
      "taskStarted",
      "taskSucceeded",
    ]);
  });
});
