import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { labFolder } from "@leveret/lab";
import { describe, expect, test } from "vitest";
import { shortRuns } from "./short-runs.ts";

const root = join(import.meta.dirname, "../..");

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a person calls it. */
async function chaos(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@leveret/source", "chaos/main.ts", ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit") as Promise<[number | null]>;
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

for (const { version, seed, seconds } of shortRuns) {
  const needsLab = version !== "3.10";
  test.skipIf(needsLab && labFolder === null)(
    `under a schedule that is always the same nothing is lost on RabbitMQ ${version}${needsLab ? " (LEVERET_LAB)" : ""}`,
    { timeout: 900_000 },
    async () => {
      const args = ["--seed", String(seed), "--seconds", String(seconds), "--version", version];
      const { code, stdout, stderr } = await chaos(...args);
      const violations = /\d+ violations:[\s\S]*/.exec(stdout)?.[0] ?? "";
      expect(code, `${violations}${stdout}${stderr}`).toBe(0);
      expect(stdout).toMatch(/Nothing was lost\.\n$/);
    },
  );
}

describe("the command", () => {
  test("prints a schedule and does nothing", async () => {
    const { code, stdout } = await chaos("--seed", "7", "--seconds", "20", "--schedule");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").length).toBeGreaterThan(8);
  });

  test("refuses wrong use with 64 and says how to use it", async () => {
    const { code, stderr } = await chaos("--nodes", "2");
    expect(code).toBe(64);
    expect(stderr).toMatch(/two nodes have no majority[\s\S]*usage: pnpm chaos/);
  });
});
