import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { RabbitLocalError } from "../errors.ts";
import type { ServerFiles } from "../node/files-launcher.ts";
import { fetchPackages } from "./apt.ts";
import { cacheFolder, distributionKey } from "./cache-folder.ts";
import { writeLaunchers } from "./launchers.ts";
import { withLock } from "./lock.ts";
import { unpackedFiles } from "./unpacked.ts";

/**
 * The distribution's RabbitMQ in the user's cache folder; fetched if it is missing. Concurrent processes fetch it once.
 * The folder is renamed when complete, so an interrupted fetch is never used.
 *
 * @throws {@link RabbitLocalError} `install-failed`
 */
export async function installPackages(onProgress: (line: string) => void): Promise<ServerFiles> {
  const cache = cacheFolder(process.env);
  const target = join(cache, await distributionKey());
  if (/\s/.test(cache)) throw unusable(cache, "RabbitMQ's scripts do not run from a path with blanks");
  const present = await unpackedFiles(target);
  if (present !== null) return present;
  await makeCache(cache);
  const onWait = (): void => onProgress("another process fetches RabbitMQ; waiting for it");
  return await withLock(
    `${target}.lock`,
    onWait,
    async () => (await unpackedFiles(target)) ?? (await fetchInto(target, onProgress)),
  );
}

async function fetchInto(target: string, onProgress: (line: string) => void): Promise<ServerFiles> {
  await removeRemains(target);
  onProgress(`fetching RabbitMQ and Erlang, some 35 MB, into ${target}`);
  const folder = await mkdtemp(`${target}.part-`);
  try {
    await fetchPackages(folder, onProgress);
    await writeLaunchers(folder);
    await rm(join(folder, "work"), { recursive: true });
    await rename(folder, target);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const files = await unpackedFiles(target);
  if (files === null)
    throw new RabbitLocalError("install-failed", `The packages have no rabbitmq-server: ${target}. Install RabbitMQ.`);
  return files;
}

/** Removes the remains of killed fetches, under the lock. */
async function removeRemains(target: string): Promise<void> {
  const cache = join(target, "..");
  const remains = (await readdir(cache)).filter((name) => name.startsWith(`${basename(target)}.part-`));
  await Promise.all(remains.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}

async function makeCache(cache: string): Promise<void> {
  try {
    await mkdir(cache, { recursive: true });
  } catch (cause) {
    throw unusable(cache, cause instanceof Error ? cause.message : String(cause));
  }
}

function unusable(cache: string, reason: string): RabbitLocalError {
  const advice = "Set XDG_CACHE_HOME to another folder";
  return new RabbitLocalError("install-failed", `The cache folder cannot be used: ${cache} (${reason}). ${advice}.`);
}
