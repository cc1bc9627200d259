import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Traces, leftovers, processesOf } from "./support/leftovers.ts";

const script = fileURLToPath(new URL("support/start.ts", import.meta.url));

vi.setConfig({ testTimeout: 180_000 });

async function startIn(...args: readonly string[]): Promise<{ parent: ChildProcess; traces: Traces }> {
  const parent = spawn(process.execPath, ["--conditions=@leveret/source", script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  return { parent, traces: JSON.parse(line.toString()) as Traces };
}

async function untilGone(traces: Traces): Promise<void> {
  await vi.waitUntil(async () => (await leftovers(traces)).length === 0, { timeout: 20_000, interval: 50 });
}

test.for(["SIGKILL", "SIGTERM"] as const)("nothing outlives a parent that is ended by %s", async (signal) => {
  const { parent, traces } = await startIn();
  expect((await processesOf(traces.folder)).length).toBeGreaterThan(1);
  const exit = once(parent, "exit");
  parent.kill(signal);
  expect(await exit).toEqual([null, signal]);
  await untilGone(traces);
  expect(await leftovers(traces)).toEqual([]);
});

test("a server that nobody stopped does not keep its parent from ending, and ends with it", async () => {
  const { parent, traces } = await startIn("leave");
  if (parent.exitCode === null) await once(parent, "exit");
  expect(parent.exitCode).toBe(0);
  await untilGone(traces);
  expect(await leftovers(traces)).toEqual([]);
});
