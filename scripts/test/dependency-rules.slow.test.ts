import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const config = ".dependency-cruiser.cjs";
const folders = ["packages", "apps", "bench", "chaos", "scripts"];
const run = promisify(execFile);
/** What `depcruise` prints about the workspace in a folder. */
async function cruise(cwd: string, ...options: readonly string[]): Promise<string> {
  const program = "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs";
  const args = [program, "--config", config, ...folders, ...options];
  try {
    return (await run(process.execPath, args, { cwd, maxBuffer: 100_000_000 })).stdout;
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

/** A copy of the workspace: a violation planted there touches no file of the workspace. */
async function copyWorkspace(): Promise<string> {
  const copy = await mkdtemp(join(await cacheFolder(), "dependency-rules-"));
  const wanted = (path: string): boolean => !/\/(node_modules|dist|fixtures|\.turbo)$/.test(path);
  for (const name of [...folders, config, "docs/architecture.md", "tsconfig.base.json", "package.json"]) {
    await cp(join(root, name), join(copy, name), { recursive: true, filter: wanted });
  }
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  for (const name of await readdir(join(root, "packages"))) {
    await symlink(join(root, "packages", name, "node_modules"), join(copy, "packages", name, "node_modules"));
  }
  await symlink(join(root, "apps/example/node_modules"), join(copy, "apps/example/node_modules"));
  return copy;
}

const amqp = "packages/celery-amqp/src";

/** Each in a file of its own: the planted import, and the rule that it breaks. */
const violations = [
  [`${amqp}/client/client.ts`, "../amqp/transport.ts", "celery-amqp: imports of client"],
  [`${amqp}/task/definition.ts`, "../client/client.ts", "celery-amqp: imports of task"],
  [`${amqp}/testing/fake-clock.ts`, "../events/filter.ts", "celery-amqp: imports of testing"],
  [`${amqp}/worker/consuming/consumer.ts`, "../health/report.ts", "celery-amqp: imports of worker/consuming"],
  [`${amqp}/worker/health/heartbeat.ts`, "../pipeline/perform.ts", "celery-amqp: imports of worker/health"],
  [`${amqp}/worker/pipeline/perform.ts`, "../consuming/consumer.ts", "celery-amqp: imports of worker/pipeline"],
  [`${amqp}/worker/reporting/log-lines.ts`, "../options/pool.ts", "celery-amqp: imports of worker/reporting"],
  [`${amqp}/worker/options/pool.ts`, "../operations/stats.ts", "celery-amqp: imports of worker/options"],
  [`${amqp}/worker/operations/stats.ts`, "../health/report.ts", "celery-amqp: imports of worker/operations"],
  [`${amqp}/worker/control/panel.ts`, "../pool/pool.ts", "celery-amqp: imports of worker/control"],
  [`${amqp}/worker/pool/inline.ts`, "./children/child-pool.ts", "celery-amqp: imports of worker/pool"],
  [`${amqp}/worker/pool/running/invoke.ts`, "../inline.ts", "celery-amqp: imports of worker/pool/running"],
  [`${amqp}/worker/pool/children/child.ts`, "../in-child/host.ts", "celery-amqp: imports of worker/pool/children"],
  [`${amqp}/worker/pool/in-child/main.ts`, "../children/process.ts", "celery-amqp: imports of worker/pool/in-child"],
  [`${amqp}/worker/pool/pipe/messages.ts`, "../running/job.ts", "celery-amqp: imports of worker/pool/pipe"],
  [`${amqp}/worker/shutdown.ts`, "../client/client.ts", "celery-amqp: imports of worker"],
  [`${amqp}/worker/rules/settle.ts`, "node:fs", "the worker's rules import policies and the protocol alone"],
  [`${amqp}/send/dispatch.ts`, "amqplib", "only amqp/ imports amqplib"],
  [`${amqp}/results/none.ts`, "ioredis", "only celery-redis imports ioredis"],
  [`${amqp}/events/filter.ts`, "prom-client", "only celery-metrics and celery-otel import metrics and traces"],
  [`${amqp}/system/clock.ts`, "../index.ts", "no module imports an entry of its package"],
  [`${amqp}/ports/clock.ts`, "../../test/support/eventually.ts", "sources import sources alone"],
  [`${amqp}/ports/state.ts`, "./nowhere.ts", "every import resolves"],
  ["packages/celery-protocol/src/wire/errors.ts", "../task/encode.ts", "celery-protocol: imports of wire"],
  ["packages/celery-protocol/src/task/encode.ts", "node:crypto", "the protocol imports no other module"],
  [
    "packages/celery-redis/src/keys.ts",
    "../../celery-amqp/src/results/pending.ts",
    "packages import each other by their entries",
  ],
  ["packages/celery-beat/src/index.ts", "../../cli/src/program.ts", "packages: imports of celery-beat"],
  ["packages/rabbit-k8s/src/index.ts", "../../celery-amqp/src/index.ts", "packages: imports of rabbit-k8s"],
  [
    "packages/cli/src/reading/result-backend.ts",
    "../../../celery-redis/src/index.ts",
    "the command loads Redis when it is needed",
  ],
  ["packages/rabbit-k8s/src/diff/change.ts", "../command/command.ts", "no circles of folders"],
  ["packages/rabbit-k8s/src/runbook/place.ts", "./script.ts", "no circles of files"],
  ["packages/celery-beat/test/beat.test.ts", "../../../bench/measure.ts", "tests import no benchmark and no chaos"],
  ["bench/measure.ts", "../packages/celery-amqp/src/send/plan.ts", "benchmarks import packages by their entries"],
  ["chaos/options.ts", "../bench/measure.ts", "chaos imports no benchmark"],
  ["chaos/judging/gaps.ts", "../programs/random.ts", "chaos: imports of judging"],
  [
    "chaos/programs/tasks.ts",
    "../../packages/celery-amqp/src/send/plan.ts",
    "the programs of chaos import packages by their entries",
  ],
  [
    "packages/celery-metrics/test/metrics.test.ts",
    "../../celery-amqp/test/worker/harness.ts",
    "tests import tests of their own package, and test-support",
  ],
  ["scripts/tally.ts", "./vitest/vhost.ts", "scripts: imports of ."],
] as const;

interface Cruised {
  readonly modules: readonly {
    readonly source: string;
    readonly dependencies: readonly { readonly resolved: string }[];
  }[];
}

interface Rule {
  readonly name: string;
  readonly from: { readonly path: string };
  readonly to: { readonly pathNot: readonly string[] };
}

const { forbidden } = createRequire(import.meta.url)(join(root, config)) as { readonly forbidden: readonly Rule[] };
const tables = forbidden.filter(({ name }) => name.includes(": imports of "));

describe("the dependency rules", { timeout: 120_000 }, () => {
  let imports: readonly (readonly [from: string, to: string])[];
  let sources: readonly string[];

  beforeAll(async () => {
    const { modules } = JSON.parse(await cruise(root, "--output-type", "json")) as Cruised;
    sources = modules.map(({ source }) => source).filter((source) => /^packages\/[^/]+\/src\//.test(source));
    imports = modules.flatMap(({ source, dependencies }) =>
      dependencies.map(({ resolved }) => [source, resolved] as const),
    );
  }, 120_000);

  test("are kept", async () => {
    expect(await cruise(root)).toContain("no dependency violations found");
  });

  test("allow no import that no file has", () => {
    const unused = tables.flatMap(({ name, from, to }) => {
      const made = imports.filter(([source]) => new RegExp(from.path).test(source));
      const others = to.pathNot.slice(name.startsWith("packages: ") ? 2 : 1); // the first is the module itself
      return others
        .filter((path) => !made.some(([, target]) => new RegExp(path).test(target)))
        .map((path) => `${name}: ${path}`);
    });
    expect(unused).toEqual([]);
  });

  test("have a row for each package, and for each module of celery-protocol and celery-amqp", () => {
    const inTables = sources.filter((source) => /celery-(protocol|amqp)\/src\/[^/]+\//.test(source));
    const rules = tables.filter(({ name }) => !name.startsWith("packages: "));
    const rowless = inTables.filter((source) => !rules.some(({ from }) => new RegExp(from.path).test(source)));
    expect(inTables.length).toBeGreaterThan(300);
    expect(rowless).toEqual([]);
    const names = new Set(sources.map((source) => source.split("/")[1]));
    const rows = tables.flatMap(({ name }) => (/^packages: imports of (.+)/.exec(name) ?? []).slice(1));
    expect(new Set(rows)).toEqual(names);
  });

  describe("refuse what is planted in", () => {
    let copy: string;
    let verdict: string;

    beforeAll(async () => {
      copy = await copyWorkspace();
      for (const [file, imported] of violations) {
        const path = join(copy, file);
        await writeFile(path, `import "${imported}";\n${await readFile(path, "utf8")}`);
      }
      verdict = await cruise(copy);
    }, 120_000);

    afterAll(async () => {
      await rm(copy, { recursive: true, force: true });
    });

    test.each(violations)("%s an import of %s", (file, _imported, rule) => {
      const place = rule === "no circles of folders" ? dirname(file) : file;
      expect(verdict).toContain(`error ${rule}: ${place} → `);
    });
  });
});
