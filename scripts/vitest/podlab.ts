import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

/** What runs rendered manifests on this machine. */
export interface Podlab {
  /** The folder with podlab.mjs, podlab-image and confcheck. */
  readonly folder: string;
  /** The folder with a root folder for each version, named like it. */
  readonly images: string;
  /** The program that checks and tests Prometheus' rules. */
  readonly promtool: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** Null where no lab is named by `RABBIT_K8S_LAB`. */
    podlab: Podlab | null;
  }
}

const run = promisify(execFile);
const cache = join(import.meta.dirname, "../../node_modules/.cache/leveret");

/** The distributions with the versions that the lab has, whose names their root folders have. */
const suites = ["bookworm", "trixie", "forky"];

/**
 * Makes what the Kubernetes tests need, where `RABBIT_K8S_LAB` names a lab: root folders that stand in for images, kept in
 * `RABBIT_K8S_ROOTS`, and promtool, which `PROMTOOL` may name. Needs root on Debian.
 */
export default async function setup(project: TestProject): Promise<void> {
  const folder = process.env["RABBIT_K8S_LAB"];
  if (folder === undefined) {
    project.provide("podlab", null);
    return;
  }
  const images = process.env["RABBIT_K8S_ROOTS"] ?? join(tmpdir(), "leveret-k8s-roots");
  await mkdir(images, { recursive: true });
  await Promise.all(suites.map((suite) => makeRoot(folder, suite, join(images, suite))));
  project.provide("podlab", { folder, images, promtool: process.env["PROMTOOL"] ?? (await promtool()) });
}

/** Makes a root folder, unless it is there; where another process makes it, that is waited for. */
async function makeRoot(folder: string, suite: string, root: string): Promise<void> {
  // What podlab-image writes last.
  if (existsSync(join(root, ".podlab-cmd"))) return;
  console.log(`Making a root folder with RabbitMQ of Debian ${suite} …`);
  const started = Date.now();
  await run("flock", [`${root}.lock`, join(folder, "podlab-image"), suite, root], { maxBuffer: 16 * 1024 ** 2 });
  console.log(`… ${suite} took ${Math.round((Date.now() - started) / 1000)} s`);
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
