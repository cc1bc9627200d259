import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";

/** How many processes were started with a word in their arguments. */
function processesOf(word: string): number {
  const arguments_ = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && arguments_(name).includes(word)).length;
}

it("a lab ends with the program that started it, though that was killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "abandoned-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(import.meta.dirname, "../support/abandoned.ts");
  const child = spawn(process.execPath, ["--conditions=@leveret/source", program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: folder },
  });
  await once(child.stdout, "data");
  expect(processesOf(folder)).toBeGreaterThan(1);
  child.kill("SIGKILL");
  await expect.poll(() => processesOf(folder), { timeout: 60_000, interval: 200 }).toBe(0);
});
