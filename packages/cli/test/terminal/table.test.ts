import { expect, test } from "vitest";
import { progressLine } from "../../src/terminal/progress.ts";
import { counted, cut, table } from "../../src/terminal/table.ts";
import { toJson } from "../../src/terminal/to-json.ts";

test("columns are as wide as their widest cell, numbers stand at the right", () => {
  const rows = [
    ["celery", 12, "x"],
    ["a-longer-name", 7, "\u001B[31mred\u001B[39m"],
    ["gone", "-", ""],
  ] as const;
  expect(table(["QUEUE", "READY", "NOTE"], rows)).toBe(
    [
      "QUEUE          READY  NOTE",
      "celery            12  x",
      "a-longer-name      7  \u001B[31mred\u001B[39m",
      "gone               -",
      "",
    ].join("\n"),
  );
});

test("what does not fit is cut, on one line", () => {
  expect(cut("one\n two  three", 100)).toBe("one two three");
  expect(cut("abcdef", 4)).toBe("abc…");
  expect(cut("ab", 0)).toBe("…");
});

test("a foreign name cannot command the terminal, and its column still aligns", () => {
  expect(cut("a\u001B[2Jb\u0007\r\nc\td\u009B\u202E", 100)).toBe("a\\u001b[2Jb\\u0007 c d\\u009b\\u202e");
  const rows = ["\u001B[2J", "a\u202Eb\u200B", "celery"].map((name) => [cut(name, 40), 1]);
  const [, ...lines] = table(["QUEUE", "READY"], rows).trimEnd().split("\n");
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});

test("JSON shows no character that a terminal obeys or hides, and stays the same value", () => {
  const value = { "id\u202E": "\u009B2J\u2028\u007F\u200B" };
  expect(toJson(value)).toMatch(/^[\x20-\x7E]+$/);
  expect(JSON.parse(toJson(value))).toEqual(value);
});

test("one is not many", () => {
  expect([counted(1, "message"), counted(0, "message"), counted(2, "message")]).toEqual([
    "1 message",
    "0 messages",
    "2 messages",
  ]);
});

test("progress is a bar with its numbers", () => {
  expect(progressLine("Redriving", 0, 4)).toBe(`Redriving ${"░".repeat(24)} 0/4`);
  expect(progressLine("Redriving", 1, 4)).toBe(`Redriving ${"█".repeat(6)}${"░".repeat(18)} 1/4`);
  expect(progressLine("Redriving", 4, 4)).toBe(`Redriving ${"█".repeat(24)} 4/4`);
  expect(progressLine("Redriving", 3, 0)).toBe("Redriving 3");
});

test("JSON keeps big integers, and has a form for bytes and nothing", () => {
  expect(toJson([2n ** 70n, new Uint8Array([1, 2]), undefined, Number.NaN])).toBe(
    '[1180591620717411303424,"AQI=",null,null]',
  );
  expect(toJson(undefined)).toBe("null");
});
