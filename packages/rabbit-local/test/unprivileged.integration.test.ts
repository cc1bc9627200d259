import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, cp, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { probes } from "../src/find/probes.ts";
import { type Traces, leftovers } from "./support/leftovers.ts";

const script = fileURLToPath(new URL("support/start.ts", import.meta.url));
const asRoot = process.getuid?.() === 0;
const nobody = 65_534;

/** An empty home; what is fetched into it by the first test is what the second makes an installed server of. */
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "rabbit-local-home-"));
  if (asRoot) await chown(home, nobody, nobody);
  return () => rm(home, { recursive: true, force: true });
});

/** Starts a server in a process of an ordinary user, with nothing in its environment but what is given. */
async function startAsUser(
  env: Readonly<Record<string, string>>,
): Promise<{ traces: Traces; progress: readonly string[] }> {
  const child = spawn(process.execPath, ["--conditions=@leveret/source", script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { HOME: home, ...env },
    ...(asRoot ? { uid: nobody, gid: nobody } : {}),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const progress: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => progress.push(line));
  const [line] = (await Promise.race([once(child.stdout, "data"), once(child, "close")])) as [Buffer | number];
  if (!(line instanceof Buffer)) throw new Error(progress.join("\n"));
  const traces = JSON.parse(line.toString()) as Traces;
  child.kill("SIGKILL");
  await vi.waitUntil(async () => (await leftovers(traces)).length === 0, { timeout: 20_000, interval: 50 });
  return { traces, progress };
}

/** Makes what an installation would have put in place, with Erlang's own folder written into `erl`. */
async function makeInstallation(): Promise<string> {
  const cache = join(home, ".cache/leveret/rabbit-local");
  const fetched = (await readdir(cache, { withFileTypes: true })).find((entry) => entry.isDirectory());
  const installation = join(home, "installed");
  await cp(join(cache, fetched!.name, "root"), installation, { recursive: true, verbatimSymlinks: true });
  const erl = join(installation, "usr/lib/erlang/bin/erl");
  const text = await readFile(erl, "utf8");
  await writeFile(erl, text.replaceAll("=/usr/lib/erlang", `=${installation}/usr/lib/erlang`));
  return installation;
}

describe.runIf(await probes.hasApt())("an ordinary user with an empty home", () => {
  test("fetches the distribution's packages with apt and runs them", { timeout: 600_000 }, async () => {
    const { traces, progress } = await startAsUser({ PATH: "/usr/bin:/bin", RABBIT_LOCAL_SERVER: "packages" });
    expect(traces.urls).toHaveLength(1);
    expect(progress).toContainEqual(expect.stringMatching(/^fetching \d+ of \d+: rabbitmq-server$/));
    const cache = await readdir(join(home, ".cache/leveret/rabbit-local"));
    expect(cache.filter((name) => name.includes(".part-"))).toEqual([]);
  });

  test("fetches nothing the second time", { timeout: 600_000 }, async () => {
    const { progress } = await startAsUser({ PATH: "/usr/bin:/bin", RABBIT_LOCAL_SERVER: "packages" });
    expect(progress).toEqual([expect.stringMatching(/^starting a node of /)]);
  });

  test("runs an installed server, although its wrapper on PATH wants root", { timeout: 600_000 }, async () => {
    const installation = await makeInstallation();
    const path = [`${installation}/usr/sbin`, `${installation}/usr/lib/erlang/bin`, "/usr/bin", "/bin"].join(":");
    const { progress } = await startAsUser({ PATH: path });
    expect(progress).toEqual([`starting a node of ${installation}/usr/lib/rabbitmq/bin/rabbitmq-server`]);
  });

  test("is told when the cache cannot be made", async () => {
    const env = { PATH: "/usr/bin:/bin", RABBIT_LOCAL_SERVER: "packages", XDG_CACHE_HOME: "/etc/passwd" };
    await expect(startAsUser(env)).rejects.toThrow("Set XDG_CACHE_HOME to another folder");
  });
});
