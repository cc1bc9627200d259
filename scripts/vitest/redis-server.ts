import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptConfiguration } from "../../packages/rabbit-local/src/install/apt.ts";
import { runCommand } from "../../packages/rabbit-local/src/system/command.ts";
import { findFreePorts } from "../../packages/rabbit-local/src/system/ports.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The address of the run's Redis. */
    readonly redisUrl: string;
    /** Its program, for tests that need one to themselves. */
    readonly redisProgram: RedisProgram;
  }
}

/** A Redis that can be started. */
export interface RedisProgram {
  readonly path: string;
  /** Folders of shared libraries that the system lacks. */
  readonly libraries: readonly string[];
}

/** A Redis that runs, without persistence. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Kills it, as a machine does that fails. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const cache = join(import.meta.dirname, "../../node_modules/.cache/leveret");
const commandTimeoutMs = 300_000;
const portAttempts = 10;

/**
 * The `redis-server` on PATH, else the distribution's, unpacked into the workspace's cache without being installed.
 *
 * @throws Error where there is neither, with what to do
 */
export async function findRedis(onProgress: (line: string) => void): Promise<RedisProgram> {
  const installed = await runCommand("redis-server", ["--version"], { timeoutMs: 10_000 });
  if (installed.ok) return { path: "redis-server", libraries: [] };
  const folder = join(cache, "redis");
  if (!existsSync(folder)) await fetchInto(folder, onProgress);
  return { path: join(folder, "usr/bin/redis-server"), libraries: await libraryFolders(join(folder, "usr/lib")) };
}

/**
 * Starts one on a port of its own on 127.0.0.1.
 *
 * @param args - more arguments of redis-server; a `--port` among them is the one it takes. Behind `sentinel` stands the
 * file by which it watches over others.
 */
export async function startRedis(program: RedisProgram, args: readonly string[] = []): Promise<RedisServer> {
  const given = args.indexOf("--port");
  if (given !== -1) return startOn(program, args, Number(args[given + 1]));
  for (let attempt = 1; ; attempt += 1) {
    const [port = 0] = await findFreePorts(1);
    try {
      return await startOn(program, args, port);
    } catch (error) {
      // Somebody was faster, or an outgoing connection has the port of a cluster's bus, 10 000 above.
      if (attempt === portAttempts || !String(error).includes("Address already in use")) throw error;
    }
  }
}

async function startOn({ path, libraries }: RedisProgram, args: readonly string[], port: number): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "leveret-redis-"));
  const bare = ["--bind", "127.0.0.1", "--dir", folder, "--port", String(port)];
  const [kind, file = "", ...more] = args;
  const line =
    kind === "sentinel"
      ? [file, "--sentinel", ...bare, ...more]
      : [...bare, "--save", "", "--appendonly", "no", ...args];
  const child = spawn(path, line, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(":") },
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = new Promise((resolve) => child.once("close", resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready(child);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return { url: `redis://127.0.0.1:${port}/0`, port, kill: () => end("SIGKILL"), stop: () => end("SIGTERM") };
}

function ready(child: ChildProcess): Promise<void> {
  let output = "";
  return new Promise((resolve, reject) => {
    const take = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-8000);
      if (/Ready to accept connections|\+monitor master|Running mode=sentinel/.test(output)) resolve();
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`redis-server ended with ${code}: ${output}`)));
  });
}

/** Renamed when complete, so that an interrupted fetch is never used. */
async function fetchInto(folder: string, onProgress: (line: string) => void): Promise<void> {
  const advice = "install it (Debian: apt-get install redis-server; macOS: brew install redis)";
  await mkdir(cache, { recursive: true });
  const part = await mkdtemp(`${folder}.part-`);
  try {
    onProgress("no redis-server on PATH: fetching the distribution's");
    await unpackInto(part);
    await rm(join(part, "work"), { recursive: true });
    await rename(part, folder);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    if (existsSync(folder)) return; // another run was faster
    throw new Error(`The tests need redis-server: ${advice}. ${(error as Error).message}`, { cause: error });
  }
}

async function unpackInto(folder: string): Promise<void> {
  const work = join(folder, "work");
  const debs = join(work, "debs");
  for (const each of [debs, join(work, "lists/partial"), join(work, "cache")]) await mkdir(each, { recursive: true });
  const configuration = join(work, "apt.conf");
  await writeFile(configuration, aptConfiguration(work));
  const apt = (args: readonly string[]): Promise<string> => run("apt-get", ["-c", configuration, "-q", ...args], debs);
  await apt(["update"]);
  const plan = await apt(["--simulate", "install", "--no-install-recommends", "redis-server"]);
  const names = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name ?? "");
  await apt(["download", ...names.filter((name) => !name.startsWith("libc6"))]);
  for (const deb of await readdir(debs)) await run("dpkg", ["-x", join(debs, deb), folder], debs);
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" };
  const result = await runCommand(command, args, { env, cwd, timeoutMs: commandTimeoutMs });
  if (!result.ok) throw new Error(`${command} ${args.join(" ")} failed: ${result.failure}`);
  return result.stdout;
}

/** Folders named by architecture, such as `x86_64-linux-gnu`. */
async function libraryFolders(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.includes("-linux-")).map((name) => join(folder, name));
}
