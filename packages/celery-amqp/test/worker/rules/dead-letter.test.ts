import type { HeaderTable } from "@leveret/celery-protocol";
import { headerBytes, MAX_HEADER_BYTES } from "@leveret/celery-protocol/wire";
import { describe, expect, test } from "vitest";
import type { Arrival } from "../../../src/worker/rules/arrival.ts";
import { bareDeadLetterOf, deadLetterOf, droppedFrom } from "../../../src/worker/rules/dead-letter.ts";

const facts = { nodeName: "w1@host", now: Date.UTC(2026, 0, 1) };
const letter = {
  do: "dead-letter",
  reason: "unregistered",
  error: "No such task",
  traceback: "at line 1".repeat(3_000),
  attempts: 2,
} as const;

function arrival(headers: HeaderTable): Arrival {
  return {
    message: { headers, properties: { userId: "shop", expirationMs: 5, priority: 4 }, body: new Uint8Array([1, 2]) },
    address: { exchange: "art", routingKey: "art.big" },
    queue: "images",
    redelivered: false,
    deliveryCount: null,
  };
}

describe("a dead letter", () => {
  test("is the message with the reason, without what belongs to its first publish", () => {
    const { headers, properties, body } = deadLetterOf(
      arrival({ id: "1", task: "demo.add", tenant: "blue", CC: ["images"], "x-delivery-count": 3 }),
      letter,
      facts,
    );
    expect(headers).toEqual({
      id: "1",
      task: "demo.add",
      tenant: "blue",
      "x-leveret-reason": "unregistered",
      "x-leveret-error": "No such task",
      "x-leveret-traceback": letter.traceback.slice(0, 8_000),
      "x-leveret-attempts": 2,
      "x-leveret-worker": "w1@host",
      "x-leveret-time": "2026-01-01T00:00:00+00:00",
      "x-leveret-queue": "images",
      "x-leveret-exchange": "art",
      "x-leveret-routing-key": "art.big",
      "x-leveret-user-id": "shop",
    });
    expect([properties, body]).toEqual([{ priority: 4 }, new Uint8Array([1, 2])]);
  });

  test.each<readonly [string, HeaderTable, readonly string[]]>([
    ["one large header", { id: "1", task: "demo.add", blob: "x".repeat(70_000), tenant: "blue" }, ["blob"]],
    ["two", { id: "1", task: "demo.add", a: "x".repeat(40_000), b: "y".repeat(40_000) }, ["a"]],
    ["bytes and tables", { id: "1", task: "demo.add", a: { b: new Uint8Array(64_000) }, c: [1, 2] }, ["a"]],
    ["letters of three bytes", { id: "1", task: "demo.add", a: "€".repeat(22_000) }, ["a"]],
  ])("fits into one frame: %s", (_name, headers, dropped) => {
    const message = deadLetterOf(arrival(headers), letter, facts);
    expect(droppedFrom(message)).toBe(dropped.join(", "));
    expect(headerBytes(message.headers)).toBeLessThan(MAX_HEADER_BYTES);
    expect(message.headers).toMatchObject({ id: "1", task: "demo.add", "x-leveret-reason": "unregistered" });
  });

  test("fits where thousands of small headers are too many, and where its id alone is", () => {
    const many = Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`h${index}`, index]));
    for (const headers of [many, { id: "i".repeat(70_000), task: "t".repeat(70_000) }]) {
      const message = deadLetterOf(arrival(headers), letter, facts);
      expect(headerBytes(message.headers)).toBeLessThan(MAX_HEADER_BYTES);
      expect(droppedFrom(message)?.length).toBeLessThanOrEqual(500);
    }
  });

  test("has all of its headers where they fit", () => {
    expect(droppedFrom(deadLetterOf(arrival({ id: "1", blob: "x".repeat(40_000) }), letter, facts))).toBeNull();
  });

  test("may be reduced to what identifies it", () => {
    const { headers } = bareDeadLetterOf(arrival({ id: "1", task: "t".repeat(2_000), tenant: "blue" }), letter, facts);
    expect(Object.keys(headers).filter((name) => !name.startsWith("x-leveret-"))).toEqual(["id"]);
    expect(headers["x-leveret-dropped-headers"]).toBe("task, tenant");
  });
});
