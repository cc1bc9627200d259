import type { ConsumeMessage } from "amqplib";
import { describe, expect, test } from "vitest";
import { fromEnvelope, toEnvelope } from "../../src/amqp/envelope.ts";
import { SharedFields } from "../../src/amqp/shared-fields.ts";

const body = new Uint8Array(Buffer.from("whole")).subarray(1, 4);

test("the body is a view, not a copy", () => {
  const { content } = toEnvelope({ headers: {}, properties: {}, body }, true, new SharedFields());
  expect(content.toString()).toBe("hol");
  expect(content.buffer).toBe(body.buffer);
});

test.each([
  [true, 2],
  [false, 1],
  [undefined, undefined],
])("persistent %s is delivery mode %s, and back", (persistent, deliveryMode) => {
  const { options } = toEnvelope({ headers: {}, properties: { persistent }, body }, true, new SharedFields());
  expect(options.deliveryMode).toBe(deliveryMode);
  expect(fromEnvelope(delivered({ deliveryMode })).properties.persistent).toBe(persistent);
});

describe("a property that the broker would refuse is refused first", () => {
  test.each([
    { priority: -1 },
    { priority: 256 },
    { priority: 1.5 },
    { expirationMs: -1 },
    { expirationMs: 0.5 },
    { expirationMs: Number.NaN },
    { expirationMs: 2 ** 32 },
  ])("%o", (properties) => {
    const attempt = () => toEnvelope({ headers: {}, properties, body }, true, new SharedFields());
    expect(attempt).toThrow(expect.objectContaining({ code: "encode-failed" }));
  });
});

test.each([
  ["1500", 1500],
  ["0", 0],
  ["soon", undefined],
  [undefined, undefined],
])("expiration %s is %s milliseconds", (expiration, expirationMs) => {
  expect(fromEnvelope(delivered({ expiration })).properties.expirationMs).toBe(expirationMs);
});

test("a message without headers has none", () => {
  expect(fromEnvelope(delivered({})).headers).toEqual({});
});

function delivered(properties: object): ConsumeMessage {
  return { content: Buffer.from("x"), properties, fields: {} } as unknown as ConsumeMessage;
}
