import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Whose worker runs the tasks. */
export type Whose = "our" | "Python's";

/** How a case of the suite ended. */
export interface CaseEnd {
  readonly outcome: "passed" | "failed" | "skipped" | "xfailed";
  /** What pytest says of it, cut to its end. */
  readonly text: string;
}

/** The ends of cases, by their names. */
export type Ends = ReadonlyMap<string, CaseEnd>;

/** One run of pytest in Celery's own tests. */
export interface PytestRun {
  /** Python of the venv that has the tests beside it. */
  readonly python: string;
  /** Plugins, in this order; no other is loaded. */
  readonly plugins: readonly string[];
  /** Where plugins and stand-ins are. */
  readonly path: readonly string[];
  /** Options, and cases to run. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The command line of a worker of ours. A canvas that grows without bound ends the worker, and not the machine. */
export function ourWorker(program: string): readonly string[] {
  return [process.execPath, "--max-old-space-size=768", "--conditions=@leveret/source", program];
}

/**
 * Runs a part of Celery's own tests as they are.
 *
 * @throws Error with what pytest printed where no case came to an end
 */
export async function runPytest(run: PytestRun): Promise<Ends> {
  const scratch = await mkdtemp(join(tmpdir(), "leveret-celery-suite-"));
  try {
    const report = join(scratch, "report.jsonl");
    const output = await spawnPytest(run, report, join(scratch, "tmp"));
    const lines = await readFile(report, "utf8").catch(() => "");
    if (lines === "") throw new Error(`pytest reported nothing:\n${output.slice(-8000)}`);
    return endsOf(lines);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const plugins = ["pytest_rerunfailures", "pytest_timeout", "pytest_subtests"];

function spawnPytest(run: PytestRun, report: string, scratch: string): Promise<string> {
  const loaded = [...plugins, ...run.plugins, "leveret_report"].flatMap((name) => ["-p", name]);
  const quiet = ["-q", "-p", "no:cacheprovider", "--basetemp", scratch];
  const child = spawn(run.python, ["-m", "pytest", ...loaded, ...quiet, ...run.args], {
    cwd: suiteOf(run.python),
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ...run.env,
      PYTHONPATH: [...run.path, import.meta.dirname, suiteOf(run.python)].join(":"),
      PYTHONDONTWRITEBYTECODE: "1",
      PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1",
      LEVERET_SUITE_REPORT: report,
    },
  });
  return new Promise((resolve, reject) => {
    let output = "";
    const take = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-100_000));
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    child.on("close", () => resolve(output));
  });
}

/** A case may be run again, where the suite says so, and has failed where any part of its last run has. */
function endsOf(lines: string): Ends {
  const ends = new Map<string, CaseEnd>();
  for (const line of lines.trim().split("\n")) {
    const { case: name, outcome, text } = JSON.parse(line) as { case: string; outcome: string; text: string };
    if (outcome === "rerun") ends.delete(name);
    else if (ends.get(name)?.outcome !== "failed") ends.set(name, { outcome: outcome as CaseEnd["outcome"], text });
  }
  return ends;
}

/** Where Celery's own tests stand beside the venv's `bin`. */
export function suiteOf(python: string): string {
  return join(dirname(dirname(python)), "suite");
}

/** The ends of several runs, in one. */
export function joined(runs: readonly Ends[]): Ends {
  return new Map(runs.flatMap((run) => [...run]));
}

/** How many cases of each file ended how. */
export function countsOf(ends: Ends): Readonly<Record<string, Readonly<Record<string, number>>>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const [name, { outcome }] of ends) {
    const file = (counts[name.split("::")[0] ?? ""] ??= {});
    file[outcome] = (file[outcome] ?? 0) + 1;
  }
  return counts;
}
