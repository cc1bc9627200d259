import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

/** One peer program that interop tests talk with: where it is, or why it is not. */
export type Peer = { readonly path: string } | { readonly missing: string };

/** The programs of other languages that the interop tests run. */
export interface Peers {
  /** Python of a venv with the Celery that the recorded vectors come from. */
  readonly recordedCelery: Peer;
  /** Python of a venv with the newest Celery 5. */
  readonly latestCelery: Peer;
  /** Python of a venv with the recorded Celery and OpenTelemetry's instrumentation of it. */
  readonly tracedCelery: Peer;
  /** Python of a venv with the recorded Celery; in `suite` beside its `bin` stands Celery's own integration suite. */
  readonly celerySuite: Peer;
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

/** Extras give every serializer and compression that Celery offers; Flower runs on the Celery that is pinned. */
const pinned = ["kombu==5.6.2", "amqp==5.3.1", "billiard==4.3.1"];
const recorded = ["celery[yaml,msgpack,zstd,brotli,auth,redis]==5.6.3", ...pinned, "flower==2.0.1"];
// From kombu 5.7 on, zstd before Python 3.14 is a package that Celery's extra does not name.
const latest = ["celery[yaml,msgpack,zstd,brotli,auth,redis]<6", "backports.zstd; python_version < '3.14'"];
const traced = [
  "celery==5.6.3",
  ...pinned,
  "opentelemetry-instrumentation-celery==0.66b2",
  "opentelemetry-sdk==1.45.2",
];
/** What Celery 5.6.3 tests itself with, as far as its integration suite needs it (requirements/test.txt). */
const suite = [
  "celery[redis]==5.6.3",
  ...pinned,
  "pytest==8.4.2",
  "pytest-rerunfailures==16.1",
  "pytest-subtests==0.15.0",
  "pytest-timeout==2.4.0",
  "pydantic==2.12.5",
];

/** Makes the peers once and keeps them in the workspace's cache. In CI a missing peer is an error, elsewhere a skip that says why. */
export default async function setup(project: TestProject): Promise<void> {
  await mkdir(cache, { recursive: true });
  const [recordedCelery, latestCelery, tracedCelery, celerySuite, gocelery, chromium] = await Promise.all([
    peer("Celery 5.6.3", "install Python 3 with venv (Debian: apt-get install python3-venv)", () => makeVenv(recorded)),
    peer("the newest Celery 5", "install Python 3 with venv (Debian: apt-get install python3-venv)", () =>
      makeVenv(latest),
    ),
    peer("OpenTelemetry's Celery", "install Python 3 with venv (Debian: apt-get install python3-venv)", () =>
      makeVenv(traced),
    ),
    peer("Celery's suite", "install Python 3 with venv (Debian: apt-get install python3-venv)", makeSuite),
    peer("gocelery", "install Go 1.19 or newer (Debian: apt-get install golang)", buildGo),
    peer("Chromium", "install it (Debian: apt-get install chromium)", findChromium),
  ]);
  project.provide("peers", { recordedCelery, latestCelery, tracedCelery, celerySuite, gocelery, chromium });
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

async function makeVenv(requirements: readonly string[]): Promise<string> {
  const key = createHash("sha256").update(requirements.join("\n")).digest("hex").slice(0, 12);
  const venv = join(cache, `celery-${key}`);
  const python = join(venv, "bin/python");
  if (existsSync(join(venv, ".complete"))) return python;
  await rm(venv, { recursive: true, force: true });
  console.log(`Installing ${requirements[0]} into a venv of its own …`);
  await execute("python3", ["-m", "venv", venv]);
  await execute(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements]);
  await execute(python, [
    "-c",
    `import celery; open(${JSON.stringify(join(venv, ".complete"))}, "w").write(celery.__version__)`,
  ]);
  return python;
}

/** The suite is in Celery's source distribution, and in no wheel. */
async function makeSuite(): Promise<string> {
  const python = await makeVenv(suite);
  const folder = join(python, "../../suite");
  if (existsSync(folder)) return python;
  const part = await mkdtemp(`${folder}.part-`);
  const download = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", "celery"];
  await execute(python, ["-m", "pip", ...download, "--dest", part, "celery==5.6.3"]);
  await execute(python, ["-c", unpackSuite, part]);
  await rename(part, folder).catch((error: unknown) => {
    if (!existsSync(folder)) throw error;
  });
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
