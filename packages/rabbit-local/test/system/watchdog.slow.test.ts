import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Watchdog } from "../../src/system/watchdog.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "rabbit-local-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

function sleeper(): ChildProcess & { pid: number } {
  const child = spawn("sleep", ["600"], { stdio: "ignore", detached: true });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child as ChildProcess & { pid: number };
}

test("it ends what it guards and removes the folder", async () => {
  const path = await folder();
  await mkdir(join(path, "data"));
  await writeFile(join(path, "data", "a file"), "");
  const [first, second] = [sleeper(), sleeper()];
  const watchdog = new Watchdog(path);
  watchdog.guard("group", first.pid);
  watchdog.guard("group", second.pid);
  expect(watchdog.finished).toBe(false);
  const ends = Promise.all([once(first, "exit"), once(second, "exit")]);
  await watchdog.finish();
  expect(await ends).toEqual([
    [null, "SIGKILL"],
    [null, "SIGKILL"],
  ]);
  expect(existsSync(path)).toBe(false);
  expect(watchdog.finished).toBe(true);
});

test("a whole group is ended, not only its leader", async () => {
  const leader = spawn("sh", ["-c", "sleep 600 & echo ready; wait"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  await once(leader.stdout, "data");
  const watchdog = new Watchdog(await folder());
  watchdog.guard("group", leader.pid!);
  // The other process holds this pipe open until it ends.
  const closed = once(leader.stdout, "close");
  await watchdog.finish();
  expect(await closed).toEqual([false]);
});

test("what it was told to forget is left alone", async () => {
  const [kept, ended] = [sleeper(), sleeper()];
  const watchdog = new Watchdog(await folder());
  watchdog.guard("group", kept.pid);
  watchdog.guard("group", ended.pid);
  watchdog.forget(kept.pid);
  await Promise.all([once(ended, "exit"), watchdog.finish()]);
  expect(kept.signalCode).toBeNull();
});

test("containers are removed before the network they are in", async () => {
  const path = await folder();
  const docker = join(path, "docker");
  const calls = join(path, "calls");
  await writeFile(docker, `#!/bin/sh\necho "$@" >> ${calls}\n`);
  await chmod(docker, 0o755);
  const watchdog = new Watchdog(join(path, "none"), docker);
  watchdog.guard("network", "net");
  watchdog.guard("container", "one");
  watchdog.guard("container", "two");
  await watchdog.finish();
  expect(await readFile(calls, "utf8")).toBe("rm --force --volumes one\nrm --force --volumes two\nnetwork rm net\n");
});

test("finishing twice is as good as once", async () => {
  const path = await folder();
  const watchdog = new Watchdog(path);
  await Promise.all([watchdog.finish(), watchdog.finish()]);
  expect(existsSync(path)).toBe(false);
});
