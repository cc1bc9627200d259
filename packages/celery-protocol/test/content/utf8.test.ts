import { expect, test } from "vitest";
import { encodeAscii, encodeUtf8 } from "../../src/content/utf8.ts";

test.each(["", "plain", "x".repeat(100_000), "é", "a\u{1f430}", "\ud800", `${"x".repeat(10_000)}ü`])(
  "a string is the same bytes whether it is likely ASCII or not (%#)",
  (text) => {
    expect(encodeAscii(text)).toEqual(encodeUtf8(text));
  },
);
