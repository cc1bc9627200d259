import { describe, expect, test } from "vitest";
import { isOfDeath, republishable, withoutHeaders } from "../../src/wire/republish.ts";

describe("a message that is published again", () => {
  test.each([
    ["CC", ["celery", "audit"]],
    ["BCC", ["celery"]],
    ["x-delay", 5_000],
    ["x-deduplication-header", "order-7"],
    ["x-delivery-count", 3],
    ["x-acquired-count", 4],
    ["x-stream-offset", 12n],
  ])("goes without %s", (header, value) => {
    const message = { headers: { task: "demo.add", [header]: value }, properties: {}, body: new Uint8Array(1) };
    expect(republishable(message)).toEqual({ ...message, headers: { task: "demo.add" } });
  });

  test("goes without the user that published it first and without its time to live", () => {
    const properties = { userId: "guest", priority: 3, replyTo: "replies", expirationMs: 5, appId: "shop" };
    const { userId: _, expirationMs: __, ...kept } = properties;
    expect(republishable({ headers: {}, properties, body: new Uint8Array() }).properties).toEqual(kept);
  });

  test.each(["cc", "Cc", "x-tenant", "expires", "x-leveret-reason", "x-death", "__proto__"])("keeps %s", (header) => {
    const headers = Object.fromEntries([[header, "kept"]]);
    expect(Object.entries(republishable({ headers, properties: {}, body: new Uint8Array() }).headers)).toEqual([
      [header, "kept"],
    ]);
  });
});

test.each([
  ["x-death", true],
  ["x-first-death-queue", true],
  ["x-last-death-reason", true],
  ["x-deathly", false],
  ["death", false],
])("the broker wrote %s at a dead-lettering: %s", (header, expected) => {
  expect(isOfDeath(header)).toBe(expected);
});

test("headers are left out by their names", () => {
  expect(withoutHeaders({ one: 1, two: 2, three: 3 }, (name) => name.startsWith("t"))).toEqual({ one: 1 });
});
