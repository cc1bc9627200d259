import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { ownText } from "../../src/content/own-text.ts";

const MEGABYTES = 1_000_000;
const content = createContent();

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

function heldBytes(): number {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function idOf(number: number, rest: string): unknown {
  const text = `{"id": "an-id-that-is-a-little-longer-${number}", ${rest}, "padding": "${"x".repeat(5 * MEGABYTES)}"}`;
  const tree = content.decode({ contentType: "application/json", body: new TextEncoder().encode(text) });
  return (tree as { readonly id: unknown }).id;
}

test.each([
  ["a plain body", '"number": 1'],
  ["a body with a float", '"number": 1.0'],
  ["a body with a typed value", '"day": {"__type__": "date", "__value__": "2024-02-29"}'],
  ["a body with an escape", String.raw`"text": "\u0041", "number": 1.0`],
])("a string of %s does not keep the body", (_name, rest) => {
  const before = heldBytes();
  const kept = Array.from({ length: 20 }, (_, number) => idOf(number, rest));
  expect(heldBytes() - before).toBeLessThan(40 * MEGABYTES);
  expect(kept[9]).toBe("an-id-that-is-a-little-longer-9");
});

test("a copy of a slice does not keep the whole", () => {
  const before = heldBytes();
  const kept = Array.from({ length: 20 }, (_, number) => {
    const whole = new TextDecoder().decode(new TextEncoder().encode(`${number}${"y".repeat(5 * MEGABYTES)}`));
    return ownText(whole.slice(0, 40));
  });
  expect(heldBytes() - before).toBeLessThan(40 * MEGABYTES);
  expect(kept[3]).toBe(`3${"y".repeat(39)}`);
});
