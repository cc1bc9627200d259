// Everything that proves the workspace works, in one run with one count. `--long` runs the long versions instead.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type Report, judge, tally } from "./tally.ts";

const root = join(import.meta.dirname, "..");
const long = process.argv.includes("--long");
const folder = mkdtempSync(join(tmpdir(), "leveret-test-"));
const reportFile = join(folder, "report.json");

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

const projects = long ? ["long"] : ["unit", "integration", "interop"];
const checks = long ? 0 : step("Lint, walls, types, packages", "turbo", ["run", "lint", "typecheck", "package"]);
const tests = step(`Tests: ${projects.join(", ")}`, process.execPath, [
  "node_modules/vitest/vitest.mjs",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${reportFile}`,
  ...projects.flatMap((project) => ["--project", project]),
]);

const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
rmSync(folder, { recursive: true, force: true });
const minima = JSON.parse(readFileSync(join(root, "scripts/minimum-cases.json"), "utf8")) as Record<string, number>;
const counts = tally(report, (file) => relative(root, file));
const complaints = judge(counts, long ? {} : minima, { skipsAllowed: process.env["CI"] === undefined });

console.log("\n── Cases by suite");
for (const [suite, count] of Object.entries(counts)) {
  console.log(`${suite}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
}
for (const complaint of complaints) console.error(complaint);
if (checks !== 0) console.error("Lint, walls, types or packages failed: see above");
console.log(`\n${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped`);
process.exitCode = checks === 0 && tests === 0 && complaints.length === 0 ? 0 : 1;
