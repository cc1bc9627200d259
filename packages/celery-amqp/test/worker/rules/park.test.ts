import { formatIso, type WireTime } from "@leveret/celery-protocol";
import { delayedAddress, MAX_DELAY_SECONDS, type TaskQueueOptions } from "@leveret/celery-protocol/routing";
import { describe, expect, test } from "vitest";
import { celerysBindings, dueAt, isParkable, parkingAddress, parkingSeconds } from "../../../src/worker/rules/park.ts";
import { now, task } from "./given.ts";

const at = (epochMs: number): WireTime => ({ epochMs, text: formatIso(epochMs) });

describe("for how long the broker is to keep a task", () => {
  test.each([
    ["no eta", null, null, null],
    ["an eta that has passed", -1000, null, null],
    ["due soon", 2_000, null, null],
    ["due a little later", 2_001, null, 1],
    ["time for the way is left", 3_499, null, 2],
    ["whole seconds", 3_500, null, 3],
    ["an hour", 3_600_000, null, 3599],
    ["longer than 28 bits can say", (MAX_DELAY_SECONDS + 5000) * 1000, null, MAX_DELAY_SECONDS],
    ["expiring before it is due", 60_000, 10_000, 9],
    ["expiring soon", 60_000, 1_000, null],
    ["expiring after it is due", 60_000, 100_000, 59],
  ])("%s", (_name, eta, expires, seconds) => {
    const given = task({
      eta: eta === null ? null : at(now + eta),
      expires: expires === null ? null : at(now + expires),
    });
    expect(parkingSeconds(given, now)).toBe(seconds);
  });
});

test("a task without an eta is due, whenever it expires", () => {
  expect(dueAt(task({ expires: at(now + 1000) }))).toBe(0);
});

test.each([
  ["celery", true],
  ["a.b.c", true],
  ["a*b#", true],
  ["a.*.b", false],
  ["#", false],
  ["x".repeat(190), true],
  ["x".repeat(200), false],
  ["é".repeat(100), false],
])("whether the delay can tell queue %s from others: %s", (queue, expected) => {
  expect(isParkable(queue)).toBe(expected);
});

test.each([
  [1, "celery_delayed_0"],
  [2, "celery_delayed_1"],
  [3, "celery_delayed_1"],
  [90, "celery_delayed_6"],
  [MAX_DELAY_SECONDS, "celery_delayed_27"],
])("%i seconds begin at the first level that holds them, with Celery's key", (seconds, exchange) => {
  const { routingKey } = delayedAddress(seconds, "images.leveret");
  expect(parkingAddress("images", seconds)).toEqual({ exchange, routingKey });
});

describe("what Celery's clients need to delay messages", () => {
  const topic = { exchange: "qt", exchangeType: "topic", routingKey: "qt.jobs" } as const;

  test.each([
    ["quorum behind a topic exchange", { ...topic, queueType: "quorum" }, 2],
    ["quorum by its arguments", { ...topic, arguments: { "x-queue-type": "quorum" } }, 2],
    ["classic behind a topic exchange", topic, 0],
    ["quorum behind a direct exchange", { queueType: "quorum" }, 0],
    ["nothing was said", undefined, 0],
  ] satisfies [string, TaskQueueOptions | undefined, number][])("%s", (_name, declaration, bindings) => {
    expect(celerysBindings("qt", declaration)).toHaveLength(bindings);
  });
});
