import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createContent } from "@leveret/celery-protocol";
import { encodeEvent, type TaskEventBody } from "@leveret/celery-protocol/events";
import { describe, expect, test } from "vitest";
import { taskSent } from "../../../src/send/sent-event.ts";
import { announce } from "../../../src/worker/rules/announce.ts";
import type { TaskEvent } from "../../../src/worker/rules/event.ts";
import { notRegistered } from "../../../src/worker/rules/failure.ts";
import { task as taskOf } from "./given.ts";

const fixtures = join(import.meta.dirname, "../../../../celery-protocol/fixtures");
const content = createContent();
type Fields = Readonly<Record<string, unknown>>;
const recorded = read("event-fields/all.json")["events"] as Readonly<Record<string, readonly Fields[]>>;

function read(file: string): Fields {
  return JSON.parse(readFileSync(join(fixtures, file), "utf8")) as Fields;
}

function written(body: TaskEventBody | null): Fields {
  if (body === null) throw new Error("Nothing is told");
  const head = { hostname: "w1@lab", utcoffset: 0, pid: 1, clock: 1, timestamp: 1.5 };
  return JSON.parse(Buffer.from(encodeEvent({ ...body, ...head }, content).body).toString()) as Fields;
}

/** The fields in their order, each with the type of its value; what may be null says nothing of its type. */
function shape(fields: Fields): readonly string[] {
  return Object.entries(fields).map(([name, value]) => (value === null ? name : `${name} ${typeof value}`));
}

const task = taskOf({ rootId: "root" });
const queue = "celery";
const boom = {
  exception: { module: "builtins", type: "ValueError", args: ["boom"] },
  traceback: "Error: boom\n    at run",
};

describe("what happens to a task is told in the fields that Celery was recorded with", () => {
  test.each<[string, TaskEvent]>([
    ["task-received", { type: "taskReceived", task, queue }],
    ["task-started", { type: "taskStarted", task, queue }],
    ["task-succeeded", { type: "taskSucceeded", task, queue, result: 5, runtimeMs: 15.5 }],
    ["task-failed", { type: "taskFailed", task, queue, failure: boom }],
    [
      "task-retried",
      { type: "taskRetried", task, queue, failure: boom, traceback: boom.traceback, delayMs: 0, counted: true },
    ],
    ["task-rejected", { type: "taskRejected", task, queue, requeue: false }],
    ["task-cancelled", { type: "taskCancelled", task, queue, requeue: true }],
    ["task-revoked", { type: "taskRevoked", task, queue, reason: "revoked" }],
    ["task-revoked-expired", { type: "taskRevoked", task, queue, reason: "expired" }],
    ["task-revoked-terminated", { type: "taskRevoked", task, queue, reason: "terminated" }],
  ])("%s", (kind, event) => {
    const [theirs] = recorded[kind] ?? [];
    const ours = written(announce(event));
    expect(shape(ours)).toEqual(shape(theirs ?? {}));
    for (const field of ["type", "terminated", "expired"])
      expect([field, ours[field]]).toEqual([field, theirs?.[field]]);
  });

  test("task-sent", () => {
    const eta = { epochMs: 0, text: "1970-01-01T00:00:00+00:00" };
    const ours = written(taskSent({ ...task, eta }, { to: { exchange: "", routingKey: "celery" }, queue: "celery" }));
    expect(shape(ours)).toEqual(shape(read("event/task-sent.json")["decoded"] as Fields));
  });
});

describe("the texts are Python's", () => {
  test("of arguments, as the message brought them or made here; the shadow is the name", () => {
    const made = taskOf({ args: ["a", 1.5], kwargs: { on: true }, argsRepr: null, kwargsRepr: null, shadow: "shown" });
    expect(announce({ type: "taskReceived", task: made, queue })).toMatchObject({
      name: "shown",
      args: "('a', 1.5)",
      kwargs: "{'on': True}",
    });
    const hidden = taskOf({ argsRepr: "(***)", kwargsRepr: "{***}" });
    expect(announce({ type: "taskReceived", task: hidden, queue })).toMatchObject({ args: "(***)", kwargs: "{***}" });
  });

  test("of results and exceptions", () => {
    const result = { ok: [true, null] };
    expect(announce({ type: "taskSucceeded", task, queue, result, runtimeMs: 2_500 })).toMatchObject({
      result: "{'ok': [True, None]}",
      runtime: 2.5,
    });
    expect(announce({ type: "taskFailed", task, queue, failure: boom })).toMatchObject({
      exception: "ValueError('boom')",
    });
    expect(announce({ type: "taskFailed", task, queue, failure: notRegistered("x") })).toEqual({
      type: "task-failed",
      uuid: "id-1",
      exception: "NotRegistered('x')",
    });
  });
});

test("Celery tells nothing of an ignored task, nor of a dead letter", () => {
  expect(announce({ type: "taskIgnored", task, queue })).toBeNull();
  const letter = { type: "deadLettered", id: null, name: null, queue, reason: "undecodable", error: "x" } as const;
  expect(announce(letter)).toBeNull();
});
