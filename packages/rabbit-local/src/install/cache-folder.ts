import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder that keeps fetched servers: `leveret/rabbit-local` below the user's cache folder (`XDG_CACHE_HOME`, `~/.cache`). */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["XDG_CACHE_HOME"] ?? "";
  return join(given === "" ? join(homedir(), ".cache") : given, "leveret", "rabbit-local");
}

/** The cache key of this distribution's server, such as `debian-12-x64`. */
export async function distributionKey(osReleaseFile = "/etc/os-release"): Promise<string> {
  const text = await readFile(osReleaseFile, "utf8").catch(() => "");
  return `${readDistribution(text)}-${process.arch}`;
}

/** Name and version from the text of an os-release file; a testing release has its code name instead of the version. */
export function readDistribution(osRelease: string): string {
  const field = (name: string): string => new RegExp(`^${name}="?([\\w.-]+)"?$`, "m").exec(osRelease)?.[1] ?? "";
  const version = field("VERSION_ID") || field("VERSION_CODENAME") || "rolling";
  return `${field("ID") || "linux"}-${version}`;
}
