import {
  createContent,
  encodeTask,
  formatIso,
  newTask,
  type TaskMessage,
  type WireMessage,
} from "@leveret/celery-protocol";
import { afterEach, describe, expect, test } from "vitest";
import type { TaskContext } from "../../src/task/context.ts";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

const own = { messageId: "m-1", type: "order", appId: "shop", timestampSeconds: 1_764_500_000 };
const hour = 3_600_000;

function messageOf(fields: Partial<TaskMessage>): WireMessage {
  const task = newTask({ id: "id", task: "demo.again", utc: false, extraHeaders: { tenant: "acme" }, ...fields });
  const { properties, ...rest } = encodeTask(task, createContent());
  return { ...rest, properties: { ...properties, ...own, userId: "guest" } };
}

/** What each run of a task sees of its message's properties. */
async function runsOf(first: (context: TaskContext) => unknown, fields: (now: number) => Partial<TaskMessage>) {
  const seen: unknown[] = [];
  const again = defineTask("demo.again", (context) => {
    const { request, headers } = context;
    const { messageId, type, appId, timestampSeconds } = request.properties;
    seen.push([{ messageId, type, appId, timestampSeconds }, headers["tenant"], request.utc]);
    return seen.length === 1 ? first(context) : null;
  });
  harness = await startWorker([again]);
  await harness.publish(messageOf(fields(harness.clock.now())));
  await harness.clock.advance(2 * hour);
  return seen;
}

describe.each([1, 2] as const)("what is its sender's own business stays with a message of protocol %i", (protocol) => {
  const twice = [1, 2].map(() => [own, "acme", protocol === 1 ? false : null]);

  test.each([
    ["a retry at once", (context: TaskContext) => context.retry({ in: 0 })],
    ["a retry that waits in the broker", (context: TaskContext) => context.retry({ in: "1h" })],
    ["a retry that changes something", (context: TaskContext) => context.retry({ in: 0, kwargs: {}, priority: 1 })],
    ["a snooze", (context: TaskContext) => context.snooze("1m")],
    ["a return to the queue", (context: TaskContext) => context.reject({ requeue: true })],
  ])("over %s", async (_how, first) => {
    expect(await runsOf(first, () => ({ protocol }))).toEqual(twice);
  });

  test("over a delay", async () => {
    const fields = (now: number) => ({ protocol, eta: { epochMs: now + hour, text: formatIso(now + hour) } });
    expect(await runsOf(() => 1, fields)).toEqual(twice.slice(1));
  });

  test("in the dead queue", async () => {
    harness = await startWorker([]);
    await harness.publish(messageOf({ protocol }));
    await harness.clock.advance(2 * hour);
    const [letter] = harness.broker.messages("celery.dead");
    expect(letter).toMatchObject({ properties: own, headers: { tenant: "acme" } });
    expect(letter?.properties).not.toHaveProperty("userId");
  });
});

test("a request names what its run has sent so far", async () => {
  const seen: (readonly string[])[] = [];
  const leaf = defineTask("demo.leaf", () => 1);
  const parent = defineTask("demo.parent", async ({ client, request }) => {
    seen.push(request.children);
    await client.send(leaf.s().with({ id: "first" }));
    seen.push(request.children);
  });
  harness = await startWorker([parent, leaf]);
  await harness.send({ task: "demo.parent" });
  await harness.settle();
  expect(seen).toEqual([[], ["first"]]);
});
