import { DateTime, Decimal, Float } from "@leveret/celery-protocol";
import { MAX_DEPTH } from "@leveret/celery-protocol/wire";
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { msgpack } from "../../src/msgpack/msgpack.ts";
import { codeOf } from "../support/code-of.ts";
import { bytesOf, fixtureRows, jsonOf, text, treeOf } from "../support/recorded.ts";

interface Row {
  readonly json?: string;
  readonly msgpack?: string;
  readonly deflated_json?: string;
  readonly deflated_msgpack?: string;
}

interface Case {
  readonly name: string;
  readonly json: string;
  readonly bytes: Uint8Array;
}

const packed = (fixtureRows("msgpack") as readonly Row[]).map(toCase);

function toCase(row: Row): Case {
  const json = row.json ?? text(inflateSync(bytesOf(row.deflated_json ?? "")));
  const bytes = row.msgpack === undefined ? inflateSync(bytesOf(row.deflated_msgpack ?? "")) : bytesOf(row.msgpack);
  return { name: json.slice(0, 40), json, bytes: new Uint8Array(bytes) };
}

function answer(...bytes: readonly number[]): string {
  return codeOf(() => msgpack.decode(Uint8Array.from(bytes)));
}

describe("what Python's msgpack writes", () => {
  test.each(packed)("is written to the byte for $name", ({ json, bytes }) => {
    expect(Buffer.from(msgpack.encode(treeOf(json))).equals(bytes)).toBe(true);
  });

  test.each(packed)("is read as $name", ({ json, bytes }) => {
    expect(jsonOf(msgpack.decode(bytes))).toBe(json);
  });

  test("was asked for often enough", () => {
    expect(packed.length).toBeGreaterThanOrEqual(60);
  });
});

describe("msgpack", () => {
  test("a whole float and an integer are told apart", () => {
    const tree = [1, new Float(1), -0.5, new Float(-0)];
    expect(msgpack.decode(msgpack.encode(tree))).toStrictEqual(tree);
  });

  test("float 32 is read", () => {
    expect(msgpack.decode(Uint8Array.of(0xca, 0x3f, 0xc0, 0, 0))).toBe(1.5);
  });

  test("a map and a list of 2^16 and more", () => {
    const tree = [
      Array.from({ length: 70_000 }, (_, index) => index),
      Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, null])),
    ];
    expect(jsonOf(msgpack.decode(msgpack.encode(tree)))).toBe(jsonOf(tree));
  });

  test("bytes are a copy of their own", () => {
    const body = msgpack.encode(Uint8Array.of(1, 2));
    const bytes = msgpack.decode(body) as Uint8Array;
    body.fill(0);
    expect([...bytes]).toStrictEqual([1, 2]);
  });

  test.each([
    ["a datetime", new DateTime("2024-05-06T07:08:09")],
    ["a Date", new Date(0)],
    ["a decimal", new Decimal("1.5")],
    ["an integer of 65 bits", 2n ** 64n],
    ["a negative integer of 65 bits", -(2n ** 63n) - 1n],
    ["half of a surrogate pair", "\ud83d"],
    ["a Set", new Set()],
  ])("%s is refused", (_name, value) => {
    expect(codeOf(() => msgpack.encode({ value }))).toBe("encode-failed");
  });

  test.each([
    ["nothing", [], "decode-failed"],
    ["two values", [1, 2], "decode-failed"],
    ["a byte that begins nothing", [0xc1], "decode-failed"],
    ["an extension", [0xd4, 0x01, 0x00], "type-unknown"],
    ["a timestamp", [0xd6, 0xff, 0, 0, 0, 0], "type-unknown"],
    ["a long extension", [0xc9, 0xff, 0xff, 0xff, 0xff, 1], "type-unknown"],
    ["a text that is no UTF-8", [0xa1, 0xff], "decode-failed"],
    ["a key that is an integer", [0x81, 0x01, 0x02], "decode-failed"],
    ["a key that is bytes", [0x81, 0xc4, 0x01, 0x61, 0x02], "decode-failed"],
    ["a text that claims 4 GiB", [0xdb, 0xff, 0xff, 0xff, 0xff], "decode-failed"],
    ["bytes that claim 4 GiB", [0xc6, 0xff, 0xff, 0xff, 0xff], "decode-failed"],
    ["a list that claims 2^32 items", [0xdd, 0xff, 0xff, 0xff, 0xff], "decode-failed"],
    ["a map that claims 2^32 members", [0xdf, 0xff, 0xff, 0xff, 0xff], "decode-failed"],
    ["a cut float", [0xcb, 0, 0], "decode-failed"],
    ["a cut integer", [0xcf, 0], "decode-failed"],
  ])("%s gets an error", (_name, bytes, expected) => {
    expect(answer(...bytes)).toBe(expected);
  });

  test("lists within lists that each claim all that follows reserve nothing", () => {
    const body = new Uint8Array(300_000);
    for (let at = 0; at < body.length; at += 3) body.set([0xdc, 0xff, 0xff], at);
    expect(codeOf(() => msgpack.decode(body))).toBe("too-deep");
  });

  test("lists that nest too deep get an error, and as deep as allowed are read", () => {
    expect(codeOf(() => msgpack.decode(new Uint8Array(1_000_000).fill(0x91)))).toBe("too-deep");
    expect(codeOf(() => msgpack.decode(new Uint8Array(MAX_DEPTH + 1).fill(0x91, 0, MAX_DEPTH)))).toBe("ok");
  });

  test("a key __proto__ is an own property", () => {
    const tree = msgpack.decode(msgpack.encode(JSON.parse('{"__proto__": {"polluted": true}}')));
    expect(Object.keys(tree as object)).toStrictEqual(["__proto__"]);
    expect(Object.getPrototypeOf(tree)).toBe(Object.prototype);
  });
});
