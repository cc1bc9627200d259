import type { TaskMessage } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { begin } from "../../../src/worker/rules/begin.ts";
import { morePrefetch } from "../../../src/worker/rules/prefetch.ts";
import { screen } from "../../../src/worker/rules/screen.ts";
import { freshWorld, inShort, now, request, task } from "./given.ts";

describe("what starting a task costs", () => {
  test.each([
    ["late ack", {}, {}, ["taskStarted"]],
    ["early ack", {}, { acks: "early" }, ["ack", "taskStarted"]],
    ["tracked", {}, { trackStarted: true }, ["taskStarted", "store STARTED id-1"]],
    ["tracked, result ignored", { ignoreResult: true }, { trackStarted: true }, ["taskStarted"]],
  ] as const)("%s", (_name, fields, policy, expected) => {
    expect(inShort(begin(request(fields, policy), freshWorld()))).toEqual(expected);
  });

  test("STARTED says who runs it", () => {
    expect(begin(request({}, { trackStarted: true }), freshWorld())[1]).toMatchObject({
      meta: { status: "STARTED", result: { pid: 4242, hostname: "celery@box" } },
    });
  });
});

describe("what stands against running a task", () => {
  test.each([
    ["nothing", {}, false, "pass"],
    ["expires later", expires(now + 1), false, "pass"],
    ["expires now", expires(now), false, "expired"],
    ["expired long ago", expires(0), true, "expired"],
    ["revoked", {}, true, "revoked"],
  ] as const)("%s", (_name, fields, isRevoked, expected) => {
    expect(screen(task(fields), { now }, { has: () => isRevoked })).toBe(expected);
  });
});

describe("room for tasks that wait for their eta", () => {
  test.each([
    [0, 0, 1000, 0],
    [1, 0, 1000, 8],
    [8, 8, 1000, 0],
    [9, 8, 1000, 8],
    [17, 16, 1000, 16],
    [600, 512, 1000, 488],
    [1001, 1000, 1000, 0],
    [1, 0, 0, 0],
    [1, 0, 3, 3],
  ])("%i held, room for %i, limit %i: %i more", (held, room, limit, expected) => {
    expect(morePrefetch(held, room, limit)).toBe(expected);
  });
});

function expires(epochMs: number): Partial<TaskMessage> {
  return { expires: { epochMs, text: "" } };
}
