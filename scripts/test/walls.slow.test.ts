import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
let copy: string;

/** Checks the walls of a copy of the workspace, so that planting a violation touches nothing real. */
async function checkWalls(): Promise<string> {
  const args = [
    "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs",
    "--config",
    ".dependency-cruiser.cjs",
    "packages",
    "apps",
  ];
  try {
    return (await run(process.execPath, args, { cwd: copy })).stdout;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** Inside the workspace, so that links to its packages resolve; a fresh clone has no cache yet. */
async function cacheFolder(): Promise<string> {
  const folder = join(root, "node_modules/.cache");
  await mkdir(folder, { recursive: true });
  return folder;
}

beforeAll(async () => {
  copy = await mkdtemp(join(await cacheFolder(), "walls-"));
  const wanted = (path: string): boolean => !/\/(node_modules|dist|fixtures|\.turbo)$/.test(path);
  for (const name of ["packages", "apps", ".dependency-cruiser.cjs", "tsconfig.base.json", "package.json"]) {
    await cp(join(root, name), join(copy, name), { recursive: true, filter: wanted });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  for (const name of await readdir(join(root, "packages"))) {
    await symlink(join(root, "packages", name, "node_modules"), join(copy, "packages", name, "node_modules"));
  }
  await symlink(join(root, "apps/example/node_modules"), join(copy, "apps/example/node_modules"));
}, 60_000);

afterAll(async () => {
  await rm(copy, { recursive: true, force: true });
});

/** Each in a file of its own: what is planted, and the wall that it breaks. */
const violations = [
  ["packages/celery-amqp/src/client/client.ts", 'import "../amqp/transport.ts";', "only entries assemble amqp/"],
  ["packages/celery-amqp/src/task/definition.ts", 'import "../client/client.ts";', "amqp: floor of task"],
  [
    "packages/celery-amqp/src/worker/rules/settle.ts",
    'import "node:fs";',
    "rules know policies and the format, nothing else",
  ],
  ["packages/celery-amqp/src/send/dispatch.ts", 'import "amqplib";', "amqplib only in amqp/"],
  [
    "packages/celery-redis/src/keys.ts",
    'import "../../celery-amqp/src/results/pending.ts";',
    "celery-redis knows the client and worker by their entries",
  ],
  [
    "packages/celery-otel/src/attributes.ts",
    'import "../../celery-amqp/src/ports/interceptor.ts";',
    "metrics and traces know the client and worker by their entries",
  ],
  ["packages/celery-beat/src/index.ts", 'import "../../cli/src/program.ts";', "nobody imports the command"],
  [
    "packages/celery-beat/src/system/clock.ts",
    'import "../../../celery-redis/src/index.ts";',
    "who keeps results is plugged in",
  ],
  [
    "packages/cli/src/reading/result-backend.ts",
    'import "../../../celery-redis/src/index.ts";',
    "the command loads Redis when it is asked for",
  ],
  ["packages/celery-protocol/src/wire/errors.ts", 'import "../task/encode.ts";', "protocol: floor of wire"],
  ["packages/celery-protocol/src/task/encode.ts", 'import "node:crypto";', "the protocol imports nothing"],
] as const;

describe("the walls", { timeout: 120_000 }, () => {
  test("hold, and were looked at in every package", async () => {
    const verdict = await checkWalls();
    expect(verdict).toContain("no dependency violations found");
    const modules = Number(/\((\d+) modules/.exec(verdict)?.[1]);
    expect(modules).toBeGreaterThan(150);
  });

  describe("refuse what is planted in", () => {
    let verdict: string;

    beforeAll(async () => {
      for (const [file, line] of violations) {
        const path = join(copy, file);
        await writeFile(path, `${line}\n${await readFile(path, "utf8")}`);
      }
      verdict = await checkWalls();
    }, 120_000);

    test.each(violations)("%s", (file, _line, rule) => {
      expect(verdict).toContain(`error ${rule}: ${file} → `);
    });
  });
});
