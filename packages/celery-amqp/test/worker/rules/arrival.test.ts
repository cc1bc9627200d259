import type { HeaderTable } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import {
  counted,
  isSuspect,
  lostRuns,
  mayRun,
  republished,
  sentTo,
  uncounted,
  withoutWay,
  type Arrival,
} from "../../../src/worker/rules/arrival.ts";

const hop = { exchange: "celery_delayed_3", routingKey: "0.1.0.celery.leveret" };

function arrival(fields: Partial<Arrival> = {}, headers: HeaderTable = {}): Arrival {
  return {
    message: { headers: { task: "demo.add", ...headers }, properties: { priority: 4 }, body: new Uint8Array([1]) },
    address: { exchange: "", routingKey: "celery" },
    queue: "celery",
    redelivered: false,
    deliveryCount: null,
    ...fields,
  };
}

const lost = (count: unknown): HeaderTable => ({ "x-leveret-redeliveries": count });
const ticket = (count: unknown): HeaderTable => ({ ...lost(count), "x-leveret-counted": true });

describe("how many runs of a message were lost, and whether its next one is counted", () => {
  test.each<readonly [string, Arrival, number, boolean]>([
    ["a first delivery", arrival(), 0, false],
    ["a delivery that comes again is taken for a run", arrival({ redelivered: true }), 1, false],
    ["a quorum queue counts deliveries, not runs", arrival({ redelivered: true, deliveryCount: 4 }), 1, false],
    ["a run that is counted and has not begun", arrival({}, ticket(3)), 3, true],
    ["a run that was counted and lost", arrival({ redelivered: true }, ticket(3)), 4, false],
    ["a message that waited", arrival({ redelivered: true, deliveryCount: 9 }, lost(3)), 3, false],
    ["a message that waits", arrival({}, lost(3)), 3, false],
    ["a count that is none is not believed", arrival({ redelivered: true }, ticket(-5)), 1, false],
    ["a string is not believed", arrival({ redelivered: true }, ticket("7")), 1, false],
    ["a counted run without a count is not believed", arrival({}, { "x-leveret-counted": true }), 0, false],
  ])("%s", (_name, given, expected, isCounted) => {
    expect([lostRuns(given), mayRun(given)]).toEqual([expected, isCounted]);
  });

  test.each([
    [arrival(), false],
    [arrival({ redelivered: true }), true],
    [arrival({}, lost(1)), true],
    [arrival({}, lost("odd")), true],
  ])("a suspect is known without its body", (given, expected) => {
    expect(isSuspect(given)).toBe(expected);
  });
});

describe("a copy of a suspect", () => {
  test.each([
    ["of a first run", arrival({ redelivered: true }), 1],
    ["of a lost run", arrival({ redelivered: true }, ticket(2)), 3],
    ["of one that waited", arrival({ redelivered: true }, lost(2)), 2],
  ])("%s carries its lost runs and may count the next one", (_name, given, count) => {
    expect(counted(given).headers).toEqual({ task: "demo.add", ...ticket(count) });
    expect(uncounted(given).headers).toEqual({ task: "demo.add", ...lost(count) });
  });

  test("keeps a counted run that has not begun, unless it is to wait", () => {
    const given = arrival({}, ticket(2));
    expect(republished(given).headers).toEqual(given.message.headers);
    expect(republished(arrival({ redelivered: true }, ticket(2))).headers).toEqual({ task: "demo.add", ...lost(3) });
    expect(uncounted(given).headers).toEqual({ task: "demo.add", ...lost(2) });
  });

  test("is not routed and not identified again", () => {
    const { message, ...rest } = arrival({ redelivered: true }, { CC: ["celery"], BCC: ["celery"] });
    const given = { ...rest, message: { ...message, properties: { userId: "shop", priority: 4 } } };
    for (const copy of [counted(given), uncounted(given), republished(given)]) {
      expect([Object.keys(copy.headers).includes("CC"), copy.properties]).toEqual([false, { priority: 4 }]);
    }
  });
});

describe("where a message was sent to", () => {
  const named = { "x-leveret-exchange": "art", "x-leveret-routing-key": "art.big" };

  test.each([
    ["its own address", arrival(), { exchange: "", routingKey: "celery" }],
    ["after a delay: its queue", arrival({ address: hop }), { exchange: "", routingKey: "celery" }],
    [
      "after a delay: what it was parked with",
      arrival({ address: hop }, named),
      { exchange: "art", routingKey: "art.big" },
    ],
    ["what is written on it counts only after a delay", arrival({}, named), { exchange: "", routingKey: "celery" }],
  ])("%s", (_name, given, expected) => {
    expect(sentTo(given)).toEqual(expected);
  });
});

describe("a message that is published again", () => {
  test("is the same, but for its way", () => {
    const given = arrival(
      { redelivered: true, deliveryCount: 2 },
      { "x-delivery-count": 2, "x-acquired-count": 3, "x-death": [{ queue: "celery_delayed_3" }], tenant: "blue" },
    );
    expect(republished(given)).toEqual({
      ...given.message,
      headers: { task: "demo.add", tenant: "blue", "x-leveret-redeliveries": 1 },
    });
  });

  test("knows where it was sent to, though it goes elsewhere", () => {
    const given = arrival({ address: { exchange: "art", routingKey: "art.big" } });
    expect(republished(given).headers).toEqual({
      task: "demo.add",
      "x-leveret-exchange": "art",
      "x-leveret-routing-key": "art.big",
    });
    const back = arrival({ address: hop, message: republished(given) });
    expect(republished(back)).toEqual(republished(given));
  });
});

test("the way of a message is told by the broker's headers and ours, and by no others", () => {
  const way = {
    "x-death": [],
    "x-first-death-queue": "q",
    "x-last-death-reason": "expired",
    "x-delivery-count": 2,
    "x-leveret-reason": "undecodable",
  };
  expect(withoutWay({ ...way, "x-deathly": "mine", mine: 1 })).toEqual({ "x-deathly": "mine", mine: 1 });
});
