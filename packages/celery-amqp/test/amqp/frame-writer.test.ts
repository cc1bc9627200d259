import type { HeaderTable, WireProperties } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { FrameWriter } from "../../src/amqp/frame-writer.ts";
import { unsendable } from "../../src/amqp/publish-errors.ts";

const usualFrameMax = 131_072;

interface Given {
  readonly headers?: HeaderTable;
  readonly properties?: WireProperties;
  readonly body?: Uint8Array;
  readonly routingKey?: string;
  readonly exchange?: string;
  readonly frameMax?: number;
}

const write = ({ headers = {}, properties = {}, body = Uint8Array.of(1, 2), frameMax = usualFrameMax, ...to }: Given) =>
  new FrameWriter().write(
    { message: { headers, properties, body }, address: { exchange: "", routingKey: "q", ...to }, mandatory: true },
    1,
    frameMax,
  );

test("a large body is a view, not a copy", () => {
  const body = new Uint8Array(Buffer.from("whole".repeat(2_000))).subarray(1);
  const [chunk] = write({ body });
  const part = Array.isArray(chunk) ? chunk[1] : undefined;
  expect(part).toEqual(Buffer.from(body));
  expect(part.buffer).toBe(body.buffer);
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
    expect(() => write({ properties })).toThrow(expect.objectContaining({ code: "encode-failed" }));
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
    const attempt = (value: unknown) => () => write({ properties: { [name]: value } });
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
    expect(() => write({ exchange: long })).toThrow("exchange is too long: 256 bytes");
    expect(() => write({ routingKey: "€".repeat(86) })).toThrow("routing key is too long: 258 bytes");
    expect(() => write({ routingKey: "€".repeat(85) })).not.toThrow();
  });
});

describe("headers that the broker's frames cannot hold are refused, the largest named", () => {
  const refused = expect.objectContaining({
    code: "headers-too-large",
    message: expect.stringContaining('"big"'),
  });

  test("by the frames of the connection", () => {
    const message = { headers: { small: 1, big: "x".repeat(4000) }, properties: { type: "t".repeat(200) } };
    expect(() => write(message)).not.toThrow();
    expect(() => write({ ...message, frameMax: 8192 })).not.toThrow();
    expect(() => write({ ...message, frameMax: 4096 })).toThrow(refused);
  });

  test.each<[string, unknown]>([
    ["a string", "x".repeat(70_000)],
    ["a string of three bytes a character", "€".repeat(22_000)],
    ["strings in a list", Array.from({ length: 70 }, () => "x".repeat(1_000))],
    ["bytes", new Uint8Array(70_000)],
    ["numbers", Array.from({ length: 14_000 }, (_, index) => index)],
  ])("%s beyond 64 KiB", (_name, big) => {
    expect(() => write({ headers: { small: 1, big } })).toThrow(refused);
  });

  test("which a publish rejects with as the caller's fault", () => {
    const attempt = (): unknown => {
      try {
        return write({ headers: { big: "x".repeat(70_000) } });
      } catch (error) {
        return unsendable(error);
      }
    };
    expect(attempt()).toMatchObject({ code: "message-too-large", message: expect.stringContaining('"big"') });
  });
});

test("what could not be written leaves nothing behind", () => {
  const frames = new FrameWriter();
  const publish = (headers: HeaderTable) => ({
    message: { headers, properties: {}, body: Uint8Array.of(1) },
    address: { exchange: "", routingKey: "q" },
    mandatory: true,
  });
  const alone = frames.write(publish({ a: "b" }), 1, usualFrameMax);
  expect(() => frames.write(publish({ a: "c", wrong: () => {} }), 1, usualFrameMax)).toThrow("wrong");
  expect(frames.write(publish({ a: "b" }), 1, usualFrameMax)).toEqual(alone);
});
