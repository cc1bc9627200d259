import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { ownRedis } from "../support/redis.ts";

/** Whose worker runs the tasks. */
export type Whose = "our" | "Python's";

/** How a case of the suite ended. */
export interface CaseEnd {
  readonly outcome: "passed" | "failed" | "skipped" | "xfailed";
  /** What pytest says of it, cut to its end. */
  readonly text: string;
}

/** A part of the suite, to run by itself. */
export interface SuitePart {
  /** Python of the venv that has the suite beside it. */
  readonly python: string;
  readonly whose: Whose;
  /** Cases, classes or files: `test_tasks.py`, `test_canvas.py::test_chain`. */
  readonly select: readonly string[];
  /** Cases to leave out. */
  readonly leaveOut?: readonly string[];
}

const folder = import.meta.dirname;
/** The suite waits without end for some of its results. */
const caseTimeoutSeconds = 300;

/**
 * Runs a part of the suite's client side as it is, with a broker's vhost, a Redis and a worker of its own.
 *
 * @returns the end of each case, by its name
 */
export async function runSuite(part: SuitePart): Promise<ReadonlyMap<string, CaseEnd>> {
  const [vhost, redis, scratch] = await Promise.all([
    freshVhost(),
    ownRedis(),
    mkdtemp(join(tmpdir(), "leveret-celery-suite-")),
  ]);
  try {
    const report = join(scratch, "report.jsonl");
    const output = await runPytest(part, { broker: vhost.url, redis: redis.url, redisPort: redis.port, report });
    const lines = await readFile(report, "utf8").catch(() => "");
    if (lines === "") throw new Error(`pytest reported nothing:\n${output.slice(-8000)}`);
    return endsOf(lines);
  } finally {
    await Promise.all([vhost.remove(), redis.stop(), rm(scratch, { recursive: true, force: true })]);
  }
}

interface Places {
  readonly broker: string;
  readonly redis: string;
  readonly redisPort: number;
  readonly report: string;
}

function runPytest({ python, whose, select, leaveOut = [] }: SuitePart, places: Places): Promise<string> {
  const worker =
    whose === "our"
      ? [process.execPath, "--conditions=@leveret/source", join(folder, "worker.ts")]
      : [python, join(folder, "python_worker.py")];
  const quiet = ["-q", "-p", "no:cacheprovider", "--timeout", String(caseTimeoutSeconds)];
  const cases = [...select, ...leaveOut.flatMap((name) => ["--deselect", name])].map((word) =>
    word.startsWith("test_") ? `t/integration/${word}` : word,
  );
  const child = spawn(
    python,
    ["-m", "pytest", "-p", "celery.contrib.pytest", "-p", "leveret_suite", ...quiet, ...cases],
    {
      cwd: suiteOf(python),
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PYTHONPATH: [folder, suiteOf(python)].join(":"),
        PYTHONDONTWRITEBYTECODE: "1",
        TEST_BROKER: places.broker.replace(/^amqp:/, "pyamqp:"),
        TEST_BACKEND: places.redis,
        REDIS_HOST: "127.0.0.1",
        REDIS_PORT: String(places.redisPort),
        LEVERET_SUITE_WORKER: JSON.stringify([...worker, places.broker, places.redis]),
        LEVERET_SUITE_REPORT: places.report,
      },
    },
  );
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
function endsOf(lines: string): ReadonlyMap<string, CaseEnd> {
  const ends = new Map<string, CaseEnd>();
  for (const line of lines.trim().split("\n")) {
    const { case: name, outcome, text } = JSON.parse(line) as { case: string; outcome: string; text: string };
    if (outcome === "rerun") ends.delete(name);
    else if (ends.get(name)?.outcome !== "failed") ends.set(name, { outcome: outcome as CaseEnd["outcome"], text });
  }
  return ends;
}

/** Names of the suite's files of tests. */
export async function suiteFiles(python: string): Promise<readonly string[]> {
  const names = await readdir(join(suiteOf(python), "t/integration"));
  return names.filter((name) => name.startsWith("test_") && name.endsWith(".py")).toSorted();
}

/** Where the suite stands beside the venv's `bin`. */
function suiteOf(python: string): string {
  return join(dirname(dirname(python)), "suite");
}

/** The ends of parts of the suite, in one. */
export function joined(parts: readonly ReadonlyMap<string, CaseEnd>[]): ReadonlyMap<string, CaseEnd> {
  const all = new Map<string, CaseEnd>();
  for (const part of parts) for (const [name, end] of part) all.set(name, end);
  return all;
}
