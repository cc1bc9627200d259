import { constants } from "node:fs";
import { access, readFile, realpath, stat } from "node:fs/promises";
import { runCommand } from "../system/command.ts";
import type { Machine, Probes } from "./choose.ts";
import { installLine } from "./install-line.ts";

const DOCKER_TIMEOUT_MS = 5000;
const APT_TIMEOUT_MS = 10_000;

/** This machine. */
export async function thisMachine(): Promise<Machine> {
  const osRelease = await readFile("/etc/os-release", "utf8").catch(() => "");
  return {
    platform: process.platform,
    path: process.env["PATH"] ?? "",
    installLine: installLine(process.platform, osRelease),
  };
}

/** The probes of this machine. */
export const probes: Probes = {
  async isExecutable(path) {
    try {
      await access(path, constants.X_OK);
      return (await stat(path)).isFile();
    } catch {
      return false;
    }
  },
  async realPath(path) {
    return await realpath(path).catch(() => path);
  },
  async dockerAnswers() {
    const result = await runCommand("docker", ["info", "--format", "{{.ServerVersion}}"], {
      timeoutMs: DOCKER_TIMEOUT_MS,
    });
    return result.ok && result.stdout.trim() !== "";
  },
  async hasApt() {
    const versions = [
      runCommand("apt-get", ["--version"], { timeoutMs: APT_TIMEOUT_MS }),
      runCommand("dpkg", ["--version"], { timeoutMs: APT_TIMEOUT_MS }),
    ];
    return (await Promise.all(versions)).every((result) => result.ok);
  },
};
