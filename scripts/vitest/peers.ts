import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

/** One peer program that interop tests talk with: where it is, or why it is not. */
export type Peer = { readonly path: string } | { readonly missing: string };

/** The programs of other languages that the interop tests run. Beside the `bin` of a Celery stands `suite`: its own tests. */
export interface Peers {
  /** Python of a venv with Celery 5.6.3. */
  readonly recordedCelery: Peer;
  /** Python of a venv with Celery 5.7.0, the model, with Flower and OpenTelemetry's instrumentation. */
  readonly latestCelery: Peer;
  /** The example's Go program, built on gocelery. */
  readonly gocelery: Peer;
  /** A browser without a window, for the pages of Flower. */
  readonly chromium: Peer;
}

declare module "vitest" {
  interface ProvidedContext {
    peers: Peers;
  }
}

const root = join(import.meta.dirname, "../..");
const cache = join(root, "node_modules/.cache/leveret");

/**
 * Makes the peers once and keeps them in the workspace's cache. In CI a missing peer is an error, elsewhere a skip with
 * the reason.
 */
export default async function setup(project: TestProject): Promise<void> {
  await mkdir(cache, { recursive: true });
  const python = "install Python 3 with venv (Debian: apt-get install python3-venv)";
  const [recordedCelery, latestCelery, gocelery, chromium] = await Promise.all([
    peer("Celery 5.6.3", python, () => makeCelery("5.6")),
    peer("Celery 5.7.0", python, () => makeCelery("5.7")),
    peer("gocelery", "install Go 1.19 or newer (Debian: apt-get install golang)", buildGo),
    peer("Chromium", "install it (Debian: apt-get install chromium)", findChromium),
  ]);
  project.provide("peers", { recordedCelery, latestCelery, gocelery, chromium });
}

async function peer(name: string, remedy: string, make: () => Promise<string>): Promise<Peer> {
  try {
    return { path: await make() };
  } catch (error) {
    const missing = `${name} could not be had (${(error as Error).message.trim().split("\n").at(-1)}): ${remedy}`;
    if (process.env["CI"] !== undefined) throw new Error(missing, { cause: error });
    console.warn(missing);
    return { missing };
  }
}

/** A venv of the pinned packages of a Celery, with its own tests from its source distribution, which are in no wheel. */
async function makeCelery(release: "5.6" | "5.7"): Promise<string> {
  const requirements = join(import.meta.dirname, `python/requirements-${release}.txt`);
  const pins = await readFile(requirements, "utf8");
  const key = createHash("sha256").update(pins).digest("hex").slice(0, 12);
  const venv = join(cache, `celery-${key}`);
  const python = join(venv, "bin/python");
  if (existsSync(join(venv, ".complete"))) return python;
  const version = /^celery\S*==(\S+)$/m.exec(pins)?.[1] ?? "";
  await rm(venv, { recursive: true, force: true });
  console.log(`Installing Celery ${version} into a venv of its own …`);
  await execute("python3", ["-m", "venv", venv]);
  const pip = (...args: readonly string[]): Promise<void> =>
    execute(python, ["-m", "pip", ...args, "--quiet", "--disable-pip-version-check"]);
  const suite = join(venv, "suite");
  await Promise.all([
    pip("install", "--requirement", requirements),
    pip("download", "--no-deps", "--no-binary", "celery", "--dest", suite, `celery==${version}`),
  ]);
  await execute(python, ["-c", unpackSuite, suite]);
  await writeFile(join(venv, ".complete"), version);
  return python;
}

const unpackSuite = `
import glob, sys, tarfile
with tarfile.open(*glob.glob(sys.argv[1] + "/*.tar.gz")) as archive:
    for member in archive.getmembers():
        top, _, member.name = member.name.partition("/")
        if member.name == "pyproject.toml" or member.name.startswith("t/"):
            archive.extract(member, sys.argv[1])
`;

async function buildGo(): Promise<string> {
  const binary = join(cache, "gocelery-example");
  const fresh = `${binary}.${process.pid}`;
  await execute("go", ["build", "-o", fresh, "."], join(root, "apps/example/go"));
  await rename(fresh, binary);
  return binary;
}

async function findChromium(): Promise<string> {
  await execute("chromium", ["--version"]);
  return "chromium";
}

function execute(command: string, args: readonly string[], cwd: string = root): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args[0]} ended with ${code}: ${output.slice(-2000)}`));
    });
  });
}
