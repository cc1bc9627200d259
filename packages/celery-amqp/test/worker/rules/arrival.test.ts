import type { HeaderTable } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { redeliveries, republished, sentTo, withoutWay, type Arrival } from "../../../src/worker/rules/arrival.ts";

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

const counted = (count: unknown): HeaderTable => ({ "x-leveret-redeliveries": count });

describe("how often a message was handed out before", () => {
  test.each([
    ["never", arrival(), 0],
    ["a classic queue only says that it was", arrival({ redelivered: true }), 1],
    ["a quorum queue counts", arrival({ redelivered: true, deliveryCount: 4 }), 4],
    ["what was counted before is added", arrival({ redelivered: true, deliveryCount: 4 }, counted(3)), 7],
    ["what was counted before stays", arrival({}, counted(3)), 3],
    ["a count that somebody copied tells nothing", arrival({ deliveryCount: 4 }), 0],
    ["a count that is none is not believed", arrival({ redelivered: true }, counted(-5)), 1],
    ["a text is not believed", arrival({ redelivered: true }, counted("7")), 1],
  ])("%s", (_name, given, expected) => {
    expect(redeliveries(given)).toBe(expected);
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
      headers: { task: "demo.add", tenant: "blue", "x-leveret-redeliveries": 2 },
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
