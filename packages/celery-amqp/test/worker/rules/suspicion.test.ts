import { describe, expect, test } from "vitest";
import type { Arrival } from "../../../src/worker/rules/arrival.ts";
import { pauseBeforeRequeue } from "../../../src/worker/rules/pause.ts";
import { judge, type Verdict } from "../../../src/worker/rules/suspicion.ts";

interface Given {
  readonly lost?: number;
  readonly counted?: boolean;
  readonly redelivered?: boolean;
  readonly deliveryCount?: number;
}

function suspect({ lost = 0, counted = false, redelivered = false, deliveryCount }: Given): Arrival {
  const headers = { "x-leveret-redeliveries": lost, ...(counted && { "x-leveret-counted": true }) };
  return {
    message: { headers, properties: {}, body: new Uint8Array() },
    address: { exchange: "", routingKey: "celery" },
    queue: "celery",
    redelivered,
    deliveryCount: deliveryCount ?? null,
  };
}

describe("what becomes of a suspect", () => {
  test.each<readonly [string, Given, number | null, Verdict]>([
    ["delivered again for the first time", { redelivered: true }, 20, "count"],
    ["the same, and a second loss is the last", { redelivered: true }, 3, "count-alone"],
    ["the same, and no loss is left", { redelivered: true }, 1, "give-up"],
    ["counted for the first time", { lost: 1, counted: true }, 20, "run"],
    ["lost its counted run", { lost: 1, counted: true, redelivered: true }, 20, "count-alone"],
    ["counted for the second time", { lost: 2, counted: true }, 20, "run-alone"],
    ["waited", { lost: 2, redelivered: true, deliveryCount: 1 }, 20, "count-alone"],
    ["waited for so long that a quorum queue is about to drop it", { lost: 2, deliveryCount: 2 }, 20, "renew"],
    ["has its last run", { lost: 19, counted: true }, 20, "run-alone"],
    ["has lost its last run", { lost: 19, counted: true, redelivered: true }, 20, "give-up"],
    ["has lost more than allowed", { lost: 7 }, 5, "give-up"],
    ["has no limit", { lost: 1000, redelivered: true }, null, "run"],
    ["has no limit, and the queue has one", { redelivered: true, deliveryCount: 10 }, null, "renew"],
  ])("%s", (_name, given, limit, expected) => {
    expect(judge(suspect(given), limit)).toBe(expected);
  });
});

test.each<readonly [Given, number]>([
  [{}, 100],
  [{ redelivered: true }, 200],
  [{ lost: 3, counted: true }, 800],
  [{ lost: 19, counted: true }, 5_000],
  [{ redelivered: true, deliveryCount: 4 }, 1_600],
])("a delivery that goes back is held first, longer each time", (given, ms) => {
  expect(pauseBeforeRequeue(suspect(given))).toBe(ms);
});
