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

test.each(["A", "AA", "AAA", "=", "====", "AA=A", "A===", "AAAA====", "AA A", "é===", "-_=="])(
  "%j is no base64",
  (text) => {
    expect(decodeBase64(text)).toBeNull();
  },
);
