import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../src/content/base64.ts";

test("any bytes are written as Node writes them, and read back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      expect(decodeBase64(text)).toEqual(bytes);
    }),
  );
});

test.each([
  ["line breaks", "AAAA\r\nAAA=", 5],
  ["foreign characters", "A-A é_A*A", 3],
  ["more padding than needed", "AAA==", 2],
  ["anything after the padding", "AA==AAAA", 1],
  ["padding where none can be", "=A=AAA", 3],
])("%s are read over, as Python does", (_what, text, length) => {
  expect(decodeBase64(text)).toEqual(new Uint8Array(length));
});

test.each(["A", "AA", "AAA", "AA=", "AA=A", "A==="])("%j is no base64", (text) => {
  expect(decodeBase64(text)).toBeNull();
});
