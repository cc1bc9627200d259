import { spawn } from "node:child_process";
import { once } from "node:events";
import { RabbitLocalError } from "../errors.ts";

/**
 * Runs `action` under a lock file that processes share. The kernel keeps the lock for a child that waits on a pipe of
 * this process, so it is freed however this process ends, and is never stale.
 *
 * @param onWait - called when another process has it
 * @throws {@link RabbitLocalError} `install-failed` where `flock` (of util-linux, on every Debian and Ubuntu) cannot
 * take it
 */
export async function withLock<T>(file: string, onWait: () => void, action: () => Promise<T>): Promise<T> {
  const release = (await takeLock(file, ["--nonblock"])) ?? (onWait(), await takeLock(file, []));
  if (release === null)
    throw new RabbitLocalError("install-failed", `The lock could not be taken: ${file}. Install util-linux's flock.`);
  try {
    return await action();
  } finally {
    await release();
  }
}

async function takeLock(file: string, options: readonly string[]): Promise<(() => Promise<void>) | null> {
  const holder = spawn("flock", [...options, file, "sh", "-c", "echo locked; cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = once(holder, "close").catch(() => null);
  const locked = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!locked) return null;
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
