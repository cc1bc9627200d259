import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

// The packed tarballs, installed by npm in a project outside of the workspace, as a user gets them.

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const packages = [
  "celery-protocol",
  "celery-codecs",
  "celery-amqp",
  "celery-redis",
  "celery-metrics",
  "celery-otel",
  "celery-beat",
  "cli",
  "rabbit-local",
  "rabbit-k8s",
];
const tasks = `
import { currentTask, defineTask } from "@leveret/celery-amqp";

export const add = defineTask("packed.add", (context, x, y) => (currentTask()?.id === context.id ? x + y : null));
export const twice = defineTask("packed.twice", (context, x) => context.client.call(add, x, x));
`;
const program = `
import { createClient } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { createMemoryBroker } from "@leveret/celery-amqp/testing";
import { json } from "@leveret/celery-protocol";

import { add, twice } from "./tasks.mjs";

const broker = process.env.CELERY_BROKER_URL;
const module = new URL("./tasks.mjs", import.meta.url);
const sums = [];
for (const pool of ["inline", { kind: "threads", module }, { kind: "processes", module }]) {
  const queue = process.argv[2] + "-" + (pool.kind ?? pool);
  const worker = createWorker({ broker, tasks: [add, twice], queues: [queue], defaultQueue: queue, concurrency: 2, pool });
  await worker.start();
  const client = createClient({ broker });
  sums.push(await client.call(add.with({ queue }), 2, 3), await client.call(twice.with({ queue }), 4));
  await client.close();
  await worker.stop();
}
if (typeof createMemoryBroker !== "function" || json.name !== "json") throw new Error("an entry is empty");
for (const part of ["results", "tasks", "routing", "canvas", "events", "control", "wire"]) {
  const exports = await import("@leveret/celery-protocol/" + part);
  if (Object.keys(exports).length === 0) throw new Error("the entry " + part + " is empty");
}
console.log(process.version, ...sums);
`;

let project: string;

beforeAll(async () => {
  await run("pnpm", ["run", "build"], { cwd: root });
  project = await mkdtemp(join(tmpdir(), "leveret-packed-"));
  await mkdir(join(project, "tarballs"));
  for (const name of packages) {
    await run("pnpm", ["pack", "--pack-destination", join(project, "tarballs")], { cwd: join(root, "packages", name) });
  }
  await writeFile(join(project, "package.json"), '{ "name": "outside", "private": true, "type": "module" }');
  await writeFile(join(project, "program.mjs"), program);
  await writeFile(join(project, "tasks.mjs"), tasks);
  const tarballs = (await readdir(join(project, "tarballs"))).map((file) => `./tarballs/${file}`);
  await run("npm", ["install", "--no-audit", "--no-fund", ...tarballs], { cwd: project });
}, 600_000);

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

/** All files of a package's `dist` that an entry loads, by its relative imports. */
async function reachable(entry: string, seen: Set<string> = new Set()): Promise<Set<string>> {
  if (seen.has(entry)) return seen;
  seen.add(entry);
  const text = await readFile(entry, "utf8");
  for (const [, path] of text.matchAll(/from\s*"(\.\/[^"]+)"|import\s*"(\.\/[^"]+)"/g)) {
    if (path !== undefined) await reachable(join(dirname(entry), path), seen);
  }
  return seen;
}

async function textOf(entry: string): Promise<string> {
  const files = await reachable(join(project, "node_modules/@leveret/celery-amqp/dist", entry));
  return (await Promise.all([...files].map((file) => readFile(file, "utf8")))).join("\n");
}

describe("the packed packages", { timeout: 600_000 }, () => {
  test.each(["22.23.3", "24.21.0", "26.10.0"])(
    "run client, worker and each kind of pool on Node %s",
    async (version) => {
      const { stdout } = await run(
        "npx",
        ["--yes", "-p", `node@${version}`, "--", "node", "program.mjs", `packed-${version}`],
        { cwd: project, env: { ...process.env, CELERY_BROKER_URL: inject("amqpUrl") } },
      );
      expect(stdout.trim().split("\n").at(-1)).toBe(`v${version} 5 8 5 8 5 8`);
    },
  );

  test("load no worker with the client, and no AMQP library with the testing entry", async () => {
    const [client, testing, worker] = await Promise.all([
      textOf("index.js"),
      textOf("testing.js"),
      textOf("worker.js"),
    ]);
    expect(worker).toContain("function createWorker");
    expect(client).toContain("function createClient");
    expect(client).not.toContain("function createWorker");
    expect(testing).not.toMatch(/from\s*"amqplib"/);
  });

  test("bring the command, which reads tasks outside of the workspace", async () => {
    const help = await run("npx", ["leveret", "--help"], { cwd: project });
    expect(help.stdout).toContain("Usage: leveret");
    const env = { ...process.env, CELERY_BROKER_URL: inject("amqpUrl") };
    const call = ["leveret", "call", "packed.none", "-A", "./tasks.mjs"];
    await expect(run("npx", call, { cwd: project, env })).rejects.toThrow(/It exports packed\.add, packed\.twice/);
  });

  test("bring a command that finds the package of Redis results beside it, and says so where it is missing", async () => {
    const ask = ["leveret", "result", "unknown", "--timeout", "1", "--result-backend", inject("redisUrl")];
    await expect(run("npx", ask, { cwd: project })).rejects.toThrow(/\(result-timeout\)/);

    const [there, away] = [join(project, "node_modules/@leveret/celery-redis"), join(project, "celery-redis")];
    await rename(there, away);
    const failed = run("npx", ask, { cwd: project });
    await expect(failed).rejects.toThrow(
      /error: .* package is not installed\. Run npm install @leveret\/celery-redis\.\n/,
    );
    await rename(away, there);
    await expect(failed).rejects.toMatchObject({ code: 2, stdout: "" });
  });

  test("bring a command that an old Node.js is told of in a line", async () => {
    const old = ["--yes", "-p", "node@20.19.0", "--", "node", "node_modules/@leveret/cli/dist/bin.js", "--help"];
    await expect(run("npx", old, { cwd: project })).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^error: leveret needs Node\.js 22\.18 or newer: this is 20\.19\.0$/m),
    });
  });

  test("hold sources and declarations, and no tests or fixtures", async () => {
    for (const name of packages) {
      const files = await readdir(join(project, "node_modules/@leveret", name));
      expect(files.toSorted()).toEqual(expect.arrayContaining(["LICENSE", "dist", "package.json", "src"]));
      expect(files).not.toContain("test");
      expect(files).not.toContain("fixtures");
    }
  });
});
