import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { withLock } from "../../src/install/lock.ts";

async function lockFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rabbit-local-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "lock");
}

function ignore(): void {
  // Whether it waits does not matter here.
}

test("the second waits for the first, and says so", async () => {
  const file = await lockFile();
  const events: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const first = withLock(file, ignore, async () => {
    await waiting.promise;
    events.push("first");
  });
  // The first holds it by the time the second is told to wait.
  const second = withLock(file, waiting.resolve, async () => events.push("second"));
  await Promise.all([first, second]);
  expect(events).toEqual(["first", "second"]);
});

test("the lock is free after an error", async () => {
  const file = await lockFile();
  await expect(withLock(file, ignore, () => Promise.reject(new Error("no mirror")))).rejects.toThrow("no mirror");
  expect(await withLock(file, ignore, async () => "free")).toBe("free");
});

test("the lock of a process that was killed is free", async () => {
  const file = await lockFile();
  const source = `import { withLock } from ${JSON.stringify(join(import.meta.dirname, "../../src/install/lock.ts"))};
await withLock(${JSON.stringify(file)}, () => {}, () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));`;
  const holder = spawn(process.execPath, ["--input-type=module-typescript", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  holder.kill("SIGKILL");
  await once(holder, "exit");
  expect(await withLock(file, ignore, async () => "free")).toBe("free");
});

test("a place where no lock can be made is an error of the install", async () => {
  await expect(withLock("/nowhere/lock", ignore, async () => 1)).rejects.toThrow(
    expect.objectContaining({ code: "install-failed" }),
  );
});
