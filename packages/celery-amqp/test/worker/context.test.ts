import { afterEach, describe, expect, test } from "vitest";
import type { TaskContext } from "../../src/task/context.ts";
import { currentTask } from "../../src/task/current-task.ts";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

/** Runs a task and returns what its handler made of its context. */
async function seenBy<T>(look: (context: TaskContext) => T, fields: Record<string, unknown> = {}): Promise<T> {
  const seen: T[] = [];
  const task = defineTask("demo.look", (context) => void seen.push(look(context)));
  harness = await startWorker([task]);
  await harness.send({ id: "id", task: "demo.look", ...fields });
  await harness.settle();
  const [value] = seen;
  if (seen.length !== 1) throw new Error("the task did not run once");
  return value as T;
}

describe("what a handler is given", () => {
  test("says who it is and where it comes from", async () => {
    const fields = { retries: 2, rootId: "root", parentId: "parent", extraHeaders: { tenant: "acme" } };
    const seen = await seenBy(
      ({ id, name, attempt, isLastAttempt, rootId, parentId, redelivered, headers, message }) => ({
        id,
        name,
        attempt,
        isLastAttempt,
        rootId,
        parentId,
        redelivered,
        headers,
        replyTo: message.replyTo,
      }),
      fields,
    );
    expect(seen).toEqual({
      id: "id",
      name: "demo.look",
      attempt: 3,
      isLastAttempt: false,
      rootId: "root",
      parentId: "parent",
      redelivered: false,
      headers: { tenant: "acme" },
      replyTo: "replies",
    });
  });

  test("is its own root where the message names none", async () => {
    expect(await seenBy(({ rootId, parentId }) => ({ rootId, parentId }), { rootId: null })).toEqual({
      rootId: "id",
      parentId: null,
    });
  });

  test("is the current task, for whoever asks further down", async () => {
    expect(await seenBy((context) => currentTask() === context)).toBe(true);
    expect(currentTask()).toBeNull();
  });

  test("has a signal that is not aborted", async () => {
    expect(await seenBy(({ signal }) => signal.aborted)).toBe(false);
  });

  test("writes log lines that carry its name and id", async () => {
    await seenBy(({ log }) => log.info("halfway", { step: 2 }));
    expect(harness?.lines).toContainEqual({
      level: "info",
      message: "halfway",
      fields: { task: "demo.look", id: "id", step: 2 },
    });
  });

  test("is a part of a chord like any task; that its body will not run is said once", async () => {
    const chord = {
      task: "demo.body",
      args: [],
      kwargs: {},
      options: {},
      subtaskType: null,
      immutable: false,
      extra: {},
    };
    await seenBy(() => true, { chord });
    await harness?.send({ id: "other", task: "demo.look", chord });
    await harness?.settle();
    expect(await harness?.results()).toHaveLength(2);
    expect(harness?.lines.filter(({ message }) => message.includes("chords are not counted"))).toHaveLength(1);
  });
});

describe("where results go", () => {
  const look = defineTask("demo.look", () => 1);

  test("nowhere, where none are wanted", async () => {
    harness = await startWorker([look], { results: false });
    await harness.send({ id: "id", task: "demo.look" });
    await harness.settle();
    expect(await harness.results()).toEqual([]);
    expect(harness.events.at(-1)?.type).toBe("taskSucceeded");
  });

  test("to a queue of the task's own, for senders that name no other", async () => {
    harness = await startWorker([look], { results: "amqp" });
    await harness.send({ id: "8f5d9f05-eca8", task: "demo.look", replyTo: null });
    await harness.settle();
    expect(harness.broker.messages("8f5d9f05eca8")).toHaveLength(1);
  });
});
