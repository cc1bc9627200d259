import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const program = join(import.meta.dirname, "rows-program.ts");

test("a chain of ten groups of 25 runs in a heap of 40 MB", () => {
  const flags = ["--conditions=@leveret/source", "--max-old-space-size=40"];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, program, "10", "25"], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([]);
});
