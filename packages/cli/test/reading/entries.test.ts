import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "@leveret/celery-protocol";
import { afterAll, expect, test } from "vitest";
import { readEntries } from "../../src/reading/entries.ts";

const folder = mkdtempSync(join(tmpdir(), "leveret-entries-"));
afterAll(() => rmSync(folder, { recursive: true }));

function entriesOf(text: string): ReturnType<typeof readEntries> {
  const file = join(folder, "entries.json");
  writeFileSync(file, text);
  return readEntries(file);
}

test("arguments of entries are sent as they stand in the file", () => {
  const [args, kwargs] = ["[9007199254740993, 1.0, -0.0, 1e3]", '{"x": 9007199254740993, "y": {"z": 1.0}}'];
  const { night } = entriesOf(
    `{"night": {"task": "demo.add", "schedule": 10.0, "args": ${args}, "kwargs": ${kwargs}}}`,
  );
  const written = (value: unknown): string => new TextDecoder().decode(json.encode(value));
  expect(written(night?.args)).toBe("[9007199254740993, 1.0, -0.0, 1000.0]");
  expect(written(night?.kwargs)).toBe(kwargs);
  expect(night?.schedule).toBe(10);
});

test.each(["", "{", "[1,]", "nothing"])("a file that is no JSON is refused: %j", (text) => {
  expect(() => entriesOf(text)).toThrow(/^--entries .*entries\.json: /);
});
