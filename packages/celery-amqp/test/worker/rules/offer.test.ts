import { describe, expect, test } from "vitest";
import type { HeaderTable } from "@leveret/celery-protocol";
import type { Arrival } from "../../../src/worker/rules/arrival.ts";
import { offeredMessage, offerSeconds } from "../../../src/worker/rules/offer.ts";
import { now } from "./given.ts";

function arrival(headers: HeaderTable = {}): Arrival {
  return {
    message: { headers, properties: { expirationMs: 9 }, body: new Uint8Array([7]) },
    address: { exchange: "", routingKey: "celery" },
    queue: "celery",
    redelivered: false,
    deliveryCount: null,
  };
}

const since = (ms: unknown): HeaderTable => ({ "x-leveret-unknown-since": ms });

describe("whether a task that is unknown is offered again", () => {
  test.each([
    ["no grace", {}, 0, null],
    ["met for the first time", {}, 60_000, 5],
    ["met before", since(now - 59_999), 60_000, 5],
    ["for long enough", since(now - 60_000), 60_000, null],
    ["by a clock before ours", since(now + 1000), 60_000, 5],
    ["by something that is no time", since("then"), 60_000, 5],
  ])("%s", (_name, headers, graceMs, seconds) => {
    expect(offerSeconds(arrival(headers), now, graceMs)).toBe(seconds);
  });

  test("the message keeps the time of its first offer", () => {
    const first = offeredMessage(arrival({ id: "id" }), now);
    expect(first).toEqual({ headers: { id: "id", ...since(now) }, properties: {}, body: new Uint8Array([7]) });
    expect(offeredMessage({ ...arrival(), message: first }, now + 5000)).toEqual(first);
  });
});
