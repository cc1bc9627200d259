import { expect, test } from "vitest";
import { checkHeaderSize, MAX_HEADER_BYTES } from "../../src/wire/header-size.ts";

const fill = MAX_HEADER_BYTES - 40;

test.each<[string, Readonly<Record<string, unknown>>]>([
  ["no headers", {}],
  ["values of every kind", { a: "x", b: 1, c: 2n, d: true, e: null, f: [1, ["x"]], g: { h: new Uint8Array(3) } }],
  ["a text that just fits", { a: "x".repeat(fill) }],
])("passes %s", (_what, headers) => {
  expect(() => checkHeaderSize(headers)).not.toThrow();
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ["a text too long", { a: "x", big: "x".repeat(MAX_HEADER_BYTES) }],
  ["a text too long once it is UTF-8", { a: 1, big: "€".repeat(fill / 3 + 20) }],
  ["bytes too many", { big: new Uint8Array(MAX_HEADER_BYTES), a: 1 }],
  ["a list too long", { a: "", big: Array.from({ length: 6000 }, () => 1) }],
  ["a nested table too large", { a: [], big: { nested: { deep: "x".repeat(MAX_HEADER_BYTES) } } }],
])("refuses %s and names it", (_what, headers) => {
  expect(() => checkHeaderSize(headers)).toThrow(
    expect.objectContaining({
      code: "headers-too-large",
      fault: "local",
      message: expect.stringContaining('is "big".'),
    }),
  );
});

const circle: Record<string, unknown> = {};
circle["self"] = { circle };
const deep = (levels: number): unknown => (levels === 0 ? "end" : [deep(levels - 1)]);

test.each<[string, unknown]>([
  ["holds itself", circle],
  ["is nested deeper than 64", deep(65)],
])("refuses a header that %s by its name", (_what, odd) => {
  expect(() => checkHeaderSize({ fine: 1, odd })).toThrow(
    expect.objectContaining({ code: "encode-failed", message: expect.stringContaining('The header "odd"') }),
  );
});

test("passes a header that is nested 64 levels", () => {
  expect(() => checkHeaderSize({ odd: deep(64) })).not.toThrow();
});

test("refuses a value that doubles with each level at once", () => {
  let odd: unknown = "leaf";
  for (let level = 0; level < 60; level += 1) odd = { left: odd, right: odd };
  expect(() => checkHeaderSize({ odd })).toThrow(
    expect.objectContaining({ code: "headers-too-large", message: expect.stringContaining('"odd"') }),
  );
});
