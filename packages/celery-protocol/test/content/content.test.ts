import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import type { Compressor, Serializer } from "../../src/content/serializer.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Writes the reverse of what it is given, and grows by a byte when read back. */
const mirror: Compressor = {
  contentType: "application/x-mirror",
  aliases: ["mirror"],
  compress: (body) => body.toReversed(),
  decompress: (body) => body.toReversed(),
};
const shout: Serializer = {
  name: "shout",
  contentType: "text/shout",
  contentEncoding: "binary",
  encode: (value) => utf8(String(value).toUpperCase()),
  decode: (body) => new TextDecoder().decode(body),
};

describe("encode", () => {
  test("writes JSON where nobody asks for more", () => {
    expect(createContent().encode([1])).toEqual({
      contentType: "application/json",
      contentEncoding: "utf-8",
      compression: null,
      body: utf8("[1]"),
    });
  });

  test.each([
    [["shout"], "shout"],
    [["text/shout"], "shout"],
    [["shout", "json"], "json"],
    [["shout", "application/json"], "json"],
    [[], "json"],
  ])("writes what names no serializer in what is accepted: %j", (accept, name) => {
    const content = createContent({ serializers: [shout], accept });
    expect(content.defaultSerializer).toBe(name);
    expect(content.encode("abc").contentType).toBe(name === "json" ? "application/json" : "text/shout");
  });

  test("writes with the serializer and compression named", () => {
    const content = createContent({ serializers: [shout], compressors: [mirror] });
    expect(content.encode("abc", { serializer: "shout", compression: "mirror" })).toEqual({
      contentType: "text/shout",
      contentEncoding: "binary",
      compression: "application/x-mirror",
      body: utf8("CBA"),
    });
    expect(content.encode("abc", { serializer: "text/shout", compression: null }).body).toEqual(utf8("ABC"));
  });

  test("refuses a serializer or compression that nobody plugged in", () => {
    const content = createContent();
    expect(() => content.encode(1, { serializer: "yaml" })).toThrow(
      expect.objectContaining({ code: "content-unknown", fault: "local" }),
    );
    expect(() => content.encode(1, { compression: "zstd" })).toThrow(
      expect.objectContaining({ code: "compression-unknown", fault: "local" }),
    );
  });

  test("writes NaN only where it is allowed", () => {
    expect(() => createContent().encode(Number.NaN)).toThrow(expect.objectContaining({ code: "encode-failed" }));
    expect(createContent({ allowNaN: true }).encode(Number.NaN).body).toEqual(utf8("NaN"));
  });
});

describe("decode", () => {
  const contentType = "application/json";

  test("reads what it wrote", () => {
    const content = createContent({
      serializers: [shout],
      compressors: [mirror],
      accept: ["shout", "application/json"],
    });
    const { compression, ...rest } = content.encode("abc", { serializer: "shout", compression: "mirror" });
    expect(content.decode({ ...rest, compression })).toBe("ABC");
    expect(content.decode({ ...rest, compression: "mirror" })).toBe("ABC");
    expect(content.decode({ contentType, body: utf8("1") })).toBe(1);
  });

  test.each([undefined, null, ""])("takes the compression %j as none", (compression) => {
    expect(createContent().decode({ contentType, compression, body: utf8("1") })).toBe(1);
  });

  test.each<[string, { contentType?: string; compression?: unknown; body?: Uint8Array }, string]>([
    ["no content type", {}, "content-unknown"],
    ["an empty content type", { contentType: "" }, "content-unknown"],
    ["a type that is known and not accepted", { contentType: "text/shout" }, "content-refused"],
    ["a type that nobody knows", { contentType: "application/x-foo" }, "content-refused"],
    ["a type with parameters", { contentType: "application/json; charset=utf-8" }, "content-refused"],
    ["a name in place of a type", { contentType: "json" }, "content-refused"],
    ["pickle", { contentType: "application/x-python-serialize" }, "pickle-refused"],
    ["an unknown compression", { contentType, compression: "zip" }, "compression-unknown"],
    ["a compression that is no text", { contentType, compression: 1n }, "compression-unknown"],
    ["a compression that is an object", { contentType, compression: { a: 1n } }, "compression-unknown"],
    ["a body too large", { contentType, body: new Uint8Array(1001) }, "too-large"],
    ["a body that grows too large", { contentType, compression: "grow", body: utf8("1") }, "too-large"],
    ["an empty body", { contentType, body: new Uint8Array() }, "decode-failed"],
  ])("refuses %s", (_what, message, code) => {
    const grow: Compressor = { ...mirror, aliases: ["grow"], decompress: () => new Uint8Array(1001) };
    const content = createContent({ serializers: [shout], compressors: [grow], budget: { bodyBytes: 1000 } });
    expect(() => content.decode({ body: utf8("1"), ...message })).toThrow(
      expect.objectContaining({ code, fault: "remote" }),
    );
  });
});

test.each([["pickle"], ["application/x-python-serialize"], ["yaml"], ["toString"]])("refuses to accept %s", (name) => {
  expect(() => createContent({ accept: [name] })).toThrow(
    expect.objectContaining({ code: "option-invalid", fault: "local" }),
  );
});
