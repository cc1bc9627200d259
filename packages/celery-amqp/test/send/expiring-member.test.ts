import { encodeSignature, newTask, signature, type TaskMessage } from "@leveret/celery-protocol";
import { expect, test } from "vitest";
import { keptForItsChord } from "../../src/send/expiring-member.ts";

const body = signature("body");
const inHeader = signature("last", { options: { chord: encodeSignature(body) } });

test.each<[string, Partial<TaskMessage>, number | null]>([
  ["a task of no workflow", {}, 500],
  ["a step that no chord waits for", { chain: [signature("next", { options: { chord: null } })] }, 500],
  ["a member of a header", { chord: body }, null],
  ["a step before a member", { chain: [inHeader, signature("next")] }, null],
])("%s", (_which, fields, expirationMs) => {
  const task = newTask({ id: "t", task: "demo", expirationMs: 500, ...fields });
  expect(keptForItsChord(task)).toEqual({ ...task, expirationMs });
});

test("a task that does not expire is left alone", () => {
  const task = newTask({ id: "t", task: "demo", chord: body });
  expect(keptForItsChord(task)).toBe(task);
});
