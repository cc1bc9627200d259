import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { labFolder, labVersions, makeImage } from "@leveret/lab";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The program that checks and tests Prometheus' rules; empty where there is no lab. */
    promtool: string;
  }
}

const run = promisify(execFile);
const cache = join(import.meta.dirname, "../../node_modules/.cache/leveret");

/**
 * Makes what the Kubernetes tests need, where `LEVERET_LAB` is set: root folders that stand in for images, and promtool, which
 * `PROMTOOL` may name. Needs root on Linux.
 */
export default async function setup(project: TestProject): Promise<void> {
  if (labFolder !== null) await Promise.all(labVersions.map((version) => makeImage(version)));
  project.provide("promtool", labFolder === null ? "" : (process.env["PROMTOOL"] ?? (await promtool())));
}

/** Debian has it in the package prometheus, whose other programs and services are not wanted: it is unpacked, not installed. */
async function promtool(): Promise<string> {
  const folder = join(cache, "prometheus");
  const program = join(folder, "usr/bin/promtool");
  if (existsSync(program)) return program;
  console.log("Getting promtool …");
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  const download = (): Promise<unknown> => run("apt-get", ["download", "prometheus"], { cwd: fresh });
  // Without lists of packages, as in a container image, the first attempt finds none.
  await download().catch(() => run("apt-get", ["-qq", "update"]).then(download));
  const archive = (await readdir(fresh)).find((name) => name.endsWith(".deb")) ?? "";
  await run("dpkg", ["-x", join(fresh, archive), fresh]);
  await rm(join(fresh, archive));
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
  return program;
}
