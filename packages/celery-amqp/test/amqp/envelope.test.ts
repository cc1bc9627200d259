import { describe, expect, test } from "vitest";
import { toEnvelope } from "../../src/amqp/envelope.ts";
import { unsendable } from "../../src/amqp/publish-errors.ts";
import { SharedFields } from "../../src/amqp/shared-fields.ts";
import { checkAddress } from "../../src/amqp/short-string.ts";

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
])("persistent %s is delivery mode %s", (persistent, deliveryMode) => {
  const { options } = toEnvelope({ headers: {}, properties: { persistent }, body }, true, new SharedFields());
  expect(options.deliveryMode).toBe(deliveryMode);
});

describe("a property that the broker would refuse is refused first", () => {
  test.each([
    { priority: -1 },
    { priority: 256 },
    { priority: 1.5 },
    { expirationMs: -1 },
    { expirationMs: 0.5 },
    { expirationMs: Number.NaN },
    { expirationMs: 3_650 * 86_400_000 + 1 },
    { timestampSeconds: Number.NaN },
    { timestampSeconds: -1 },
  ])("%o", (properties) => {
    const attempt = () => toEnvelope({ headers: {}, properties, body }, true, new SharedFields());
    expect(attempt).toThrow(expect.objectContaining({ code: "encode-failed" }));
  });
});

describe("a property that AMQP cannot carry is refused by its name", () => {
  const long = "x".repeat(256);
  test.each([
    "contentType",
    "contentEncoding",
    "correlationId",
    "replyTo",
    "messageId",
    "type",
    "appId",
    "userId",
  ] as const)("%s", (name) => {
    const attempt = (value: unknown) => () =>
      toEnvelope({ headers: {}, properties: { [name]: value }, body }, true, new SharedFields());
    const refused = expect.objectContaining({
      code: "encode-failed",
      message: expect.stringContaining(`property ${name}`),
    });
    expect(attempt(long)).toThrow(refused);
    expect(attempt("€".repeat(86))).toThrow(refused);
    expect(attempt(7)).toThrow(refused);
    expect(attempt("€".repeat(85))).not.toThrow();
  });

  test("an exchange or routing key", () => {
    expect(() => checkAddress({ exchange: long, routingKey: "" })).toThrow("exchange is too long: 256 bytes");
    expect(() => checkAddress({ exchange: "", routingKey: "€".repeat(86) })).toThrow(
      "routing key is too long: 258 bytes",
    );
    expect(() => checkAddress({ exchange: "", routingKey: "€".repeat(85) })).not.toThrow();
  });
});

test("headers that the broker's frames cannot hold are refused, the largest named", () => {
  const message = { headers: { small: 1, big: "x".repeat(4000) }, properties: { type: "t".repeat(200) }, body };
  expect(() => toEnvelope(message, true, new SharedFields())).not.toThrow();
  expect(() => toEnvelope(message, true, new SharedFields(), 8192)).not.toThrow();
  expect(() => toEnvelope(message, true, new SharedFields(), 4096)).toThrow(
    expect.objectContaining({ code: "headers-too-large", message: expect.stringContaining('"big"') }),
  );
});

test("what amqplib's buffer cannot hold is told by the largest header", () => {
  const message = { headers: { small: 1, big: "x".repeat(70_000) } };
  const error = unsendable(
    new RangeError("Encoded field table (headers or arguments) exceeds the 65536 byte encoding buffer"),
    message,
  );
  expect(error).toMatchObject({ code: "message-too-large", message: expect.stringContaining('"big"') });
});
