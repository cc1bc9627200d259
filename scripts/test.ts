// The tests of the workspace in one run with one count: all, or the suites that are named (`pnpm test unit interop`).
//
// - `--long`: the long versions instead
// - `--shard=1/3`: one third of the files; a shard is not checked against the least numbers of cases
// - `--without-lab`: cases whose name has LEVERET_LAB may be skipped, also under CI
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { labFolder } from "@leveret/lab";
import { type Count, type Report, failures, judge, merge, slowest, tally } from "./tally.ts";

const root = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { long: { type: "boolean" }, shard: { type: "string" }, "without-lab": { type: "boolean" } },
  allowPositionals: true,
});
const { long = false, shard } = values;

/** The projects of vitest that make a suite. */
const projectsOf: Readonly<Record<string, readonly string[]>> = {
  checks: [],
  unit: ["unit", "unit-mock", "slow"],
  integration: ["integration"],
  interop: ["interop"],
  lab: ["lab"],
};
const suites = positionals.length > 0 ? positionals : Object.keys(projectsOf);
const unknown = suites.filter((suite) => !Object.hasOwn(projectsOf, suite));
if (unknown.length > 0)
  throw new Error(`Unknown suite: ${unknown.join()}. There are ${Object.keys(projectsOf).join()}.`);
const folder = mkdtempSync(join(tmpdir(), "leveret-test-"));
const lab = labFolder !== null && suites.includes("lab");

function step(title: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): number {
  console.log(`\n── ${title}`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env, DO_NOT_TRACK: "1" },
  });
  if (error !== undefined) console.error(`${command} could not be started: ${error.message}`);
  return status ?? 1;
}

interface Ran {
  readonly status: number;
  readonly report: Report;
}

/** One run of vitest and its result; a run without a report has no cases and is a failure. */
function run(projects: readonly string[], ...flags: readonly string[]): Ran {
  const file = join(mkdtempSync(join(folder, "run-")), "report.json");
  const reporters = ["--reporter=default", "--reporter=./scripts/vitest/reporter.ts"];
  const chosen = projects.flatMap((project) => ["--project", project]);
  const args = ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...chosen, ...flags];
  const status = step(`Tests: ${projects.join(", ")}`, process.execPath, args, { LEVERET_REPORT_FILE: file });
  if (existsSync(file)) return { status, report: JSON.parse(readFileSync(file, "utf8")) as Report };
  return { status: 1, report: { unhandledErrors: 0, files: [] } };
}

const isChecked = !long && suites.includes("checks");
const checks = !isChecked
  ? 0
  : step("Lint, dependency rules, types, packages", "turbo", ["run", "lint", "typecheck", "package"]);
// One file more than there are cores: a file with a broker keeps 0.2 to 0.4 of a core busy, and waits else.
const shared = suites.filter((suite) => suite !== "lab").flatMap((suite) => projectsOf[suite] ?? []);
const flags = [`--maxWorkers=${availableParallelism() + 1}`, ...(shard === undefined ? [] : [`--shard=${shard}`])];
const runs = long ? [run(["long"])] : shared.length > 0 ? [run(shared, ...flags)] : [];
// Clusters of brokers keep every core busy, which would disturb what the others measure in time: so they come after.
if (!long && lab) runs.push(run(["lab"]));
if (!long && suites.includes("lab") && !lab) {
  console.log("\n── Tests: lab is left out: LEVERET_LAB is not set (see packages/lab/README.md)");
}

const report = merge(runs.map((each) => each.report));
const tests = runs.some(({ status }) => status !== 0) ? 1 : 0;
rmSync(folder, { recursive: true, force: true });
const expected = Object.entries(
  JSON.parse(readFileSync(join(root, "scripts/minimum-cases.json"), "utf8")) as Record<string, number>,
);
const isExpected = (suite: string): boolean => {
  const kind = suite.split(" ").at(-1) ?? "";
  return !long && shard === undefined && suites.includes(kind) && (lab || kind !== "lab");
};
const minima = Object.fromEntries(expected.filter(([suite]) => isExpected(suite)));
const counts = tally(report);
const mayBeSkipped = (name: string): boolean =>
  process.env["CI"] === undefined || (values["without-lab"] === true && name.includes("LEVERET_LAB"));
const complaints = judge(counts, minima, mayBeSkipped);
const totals = Object.values(counts);
const total = (of: (count: Count) => number): number => totals.reduce((sum, count) => sum + of(count), 0);

console.log("\n── Cases by suite");
for (const [suite, count] of Object.entries(counts)) {
  console.log(`${suite}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
}
console.log(`\n── Slowest files\n${slowest(report, 10).join("\n")}`);
const failed = failures(report);
if (failed.length > 0) console.error(`\n── Failed\n${failed.join("\n")}`);
for (const complaint of complaints) console.error(complaint);
if (checks !== 0) console.error("Lint, dependency rules, types or packages failed: see above");
const sums = [total(({ passed }) => passed), total((each) => each.failed), total(({ skipped }) => skipped)];
console.log(`\n${sums[0]} passed, ${sums[1]} failed, ${sums[2]} skipped`);
process.exitCode = checks === 0 && tests === 0 && complaints.length === 0 ? 0 : 1;
