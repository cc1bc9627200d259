// Everything that proves the workspace works, in one run with one count. `--long` runs the long versions instead.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type Report, failures, judge, merge, tally } from "./tally.ts";

const root = join(import.meta.dirname, "..");
const long = process.argv.includes("--long");
const folder = mkdtempSync(join(tmpdir(), "leveret-test-"));
const lab = process.env["RABBIT_K8S_LAB"] !== undefined;

function step(title: string, command: string, args: readonly string[]): number {
  console.log(`\n── ${title}`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, DO_NOT_TRACK: "1" },
  });
  if (error !== undefined) console.error(`${command} could not be started: ${error.message}`);
  return status ?? 1;
}

/** One run of vitest, and what it reports; where it ended before it could report, that is nothing and a failure. */
function run(
  projects: readonly string[],
  ...flags: readonly string[]
): { readonly status: number; readonly report: Report } {
  const reportFile = join(folder, `${projects.join("-")}.json`);
  const status = step(`Tests: ${projects.join(", ")}`, process.execPath, [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportFile}`,
    ...projects.flatMap((project) => ["--project", project]),
    ...flags,
  ]);
  if (existsSync(reportFile)) return { status, report: JSON.parse(readFileSync(reportFile, "utf8")) as Report };
  return { status: 1, report: { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] } };
}

const checks = long ? 0 : step("Lint, walls, types, packages", "turbo", ["run", "lint", "typecheck", "package"]);
// Two files at a time, also where vitest would keep a processor to itself: most wait for brokers and other programs.
const runs = [long ? run(["long"]) : run(["unit", "integration", "interop"], "--maxWorkers=2")];
// Clusters of brokers keep every core busy, which would disturb what the others measure in time: so they come after.
if (!long && lab) runs.push(run(["lab"]));
if (!long && !lab) {
  console.log(
    "\n── Tests: lab is left out: RABBIT_K8S_LAB names no Kubernetes lab (docs/kubernetes.md says how to get one)",
  );
}

const report = merge(runs.map((each) => each.report));
const tests = runs.some(({ status }) => status !== 0) ? 1 : 0;
rmSync(folder, { recursive: true, force: true });
const expected = Object.entries(
  JSON.parse(readFileSync(join(root, "scripts/minimum-cases.json"), "utf8")) as Record<string, number>,
);
const minima = Object.fromEntries(expected.filter(([suite]) => !long && (lab || !suite.endsWith(" lab"))));
const counts = tally(report, (file) => relative(root, file));
const complaints = judge(counts, minima, { skipsAllowed: process.env["CI"] === undefined });

const failed = failures(report, (file) => relative(root, file));
if (failed.length > 0) console.error(`\n── Failed\n${failed.join("\n")}`);
console.log("\n── Cases by suite");
for (const [suite, count] of Object.entries(counts)) {
  console.log(`${suite}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
}
for (const complaint of complaints) console.error(complaint);
if (checks !== 0) console.error("Lint, walls, types or packages failed: see above");
console.log(`\n${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped`);
process.exitCode = checks === 0 && tests === 0 && complaints.length === 0 ? 0 : 1;
