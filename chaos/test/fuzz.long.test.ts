import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("a million broken messages stop nothing", { timeout: 3_600_000 }, () => {
  const args = ["--conditions=@leveret/source", "chaos/fuzz/main.ts", "--count", "1000000", "--write"];
  const { status } = spawnSync(process.execPath, args, { cwd: join(import.meta.dirname, "../.."), stdio: "inherit" });
  expect(status).toBe(0);
});
