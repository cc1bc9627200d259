import { expect, test } from "vitest";
import { ProtocolError } from "../../src/index.ts";
import { plain, plainLines } from "../../src/wire.ts";

test.each([
  ["shop.add 2f-ü 日本 😀 e\u0301", "shop.add 2f-ü 日本 😀 e\u0301"],
  ["a\nb\r\n\tc", "a\\nb\\r\\n\\tc"],
  ["\u001B[2J\u0007\u0000\u007F", "\\u001b[2J\\u0007\\u0000\\u007f"],
  ["\u009B31m\u0085", "\\u009b31m\\u0085"],
  ["\u202Eevil\u202C\u2066\u2069\u200E\u061C", "\\u202eevil\\u202c\\u2066\\u2069\\u200e\\u061c"],
  ["a\u200Bb\u200Dc\u2060\uFEFF\u00AD", "a\\u200bb\\u200dc\\u2060\\ufeff\\u00ad"],
  ["\u3164\u115F\uFE0F\u034F", "\\u3164\\u115f\\ufe0f\\u034f"],
  ["\u2028\u2029", "\\u2028\\u2029"],
  ["\uD800 \uDC00", "\\ud800 \\udc00"],
  ["\u{E0041}\u{1D173}", "\\udb40\\udc41\\ud834\\udd73"],
])("%j is written as a line of visible characters", (text, line) => {
  expect(plain(text)).toBe(line);
  expect(plain(line)).toBe(line);
});

test("lines keep their ends and tabs, and nothing else", () => {
  expect(plainLines("a\n\tb\r\n\u001Bc\u2028d")).toBe("a\n\tb\\r\n\\u001bc\\u2028d");
});

test("JSON stays JSON of the same value", () => {
  const value = { "a\u202E": ["\u0000\u001B\u0085\u2028\u{E0041}😀", "\uD800"] };
  const line = plain(JSON.stringify(value));
  expect(JSON.parse(line)).toEqual(value);
  expect(line).toMatch(/^[\x20-\x7E😀]*$/u);
});

test("an error is one line, whatever it is about", () => {
  const error = new ProtocolError("message-invalid", "remote", "The task a\nERROR forged\u001B[2J");
  expect(error.message).toBe("The task a\\nERROR forged\\u001b[2J");
  expect(error.stack).toContain(error.message);
});
