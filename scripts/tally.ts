// Counts cases by suite and reports wrong counts: green must not mean "did not run".

/** What a run of tests came to, as `vitest/reporter.ts` writes it. */
export interface Report {
  /** Errors that no test caught, which fail the run by themselves. */
  readonly unhandledErrors: number;
  readonly files: readonly FileReport[];
}

export interface FileReport {
  /** Its path, from the root of the workspace. */
  readonly file: string;
  /** How long its cases took, with what runs before and after them. */
  readonly seconds: number;
  /** Why it, or what it does before and after its cases, could not be run. */
  readonly errors: readonly string[];
  readonly cases: readonly {
    readonly name: string;
    readonly state: "passed" | "failed" | "skipped" | "pending";
    readonly errors: readonly string[];
  }[];
}

export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of skipped cases. */
  readonly skips: readonly string[];
}

/** The suite of a file: its package, and how it runs where that is not as a unit test. */
export function suiteOf(file: string): string {
  const folder = /^(?:packages|apps)\/([^/]+)\//.exec(file)?.[1] ?? "workspace";
  const kind = /\.(integration|interop|lab|long)\.test\.ts$/.exec(file)?.[1] ?? "unit";
  return `${folder} ${kind}`;
}

/** One report of several runs. */
export function merge(reports: readonly Report[]): Report {
  return {
    unhandledErrors: reports.reduce((sum, { unhandledErrors }) => sum + unhandledErrors, 0),
    files: reports.flatMap(({ files }) => files),
  };
}

/** The slowest files, slowest first, a line each. */
export function slowest(report: Report, count: number): string[] {
  const files = report.files.toSorted((one, other) => other.seconds - one.seconds).slice(0, count);
  return files.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(6)} s  ${file}`);
}

export function tally(report: Report): Record<string, Count> {
  const counts: Record<string, Count> = {};
  for (const { file, cases } of report.files) {
    const suite = suiteOf(file);
    const before = counts[suite] ?? { passed: 0, failed: 0, skipped: 0, skips: [] };
    const of = (wanted: string): number => cases.filter(({ state }) => state === wanted).length;
    const [passed, failed] = [of("passed"), of("failed")];
    const skips = cases.filter(({ state }) => state !== "passed" && state !== "failed");
    counts[suite] = {
      passed: before.passed + passed,
      failed: before.failed + failed,
      skipped: before.skipped + skips.length,
      skips: [...before.skips, ...skips.map(({ name }) => name)],
    };
  }
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b)));
}

/** The failures with their reasons, for the end of a long log; vitest's full stack traces are above. */
export function failures(report: Report): string[] {
  return report.files.flatMap(({ file, errors, cases }) => {
    const failed = cases.filter(({ state }) => state === "failed");
    const ofCases = failed.map((each) => `${file} > ${each.name}\n${opening(each.errors.join("\n"))}`);
    return errors.map((error) => `${file}\n${opening(error)}`).concat(ofCases);
  });
}

/** The first lines of a message, without the stack of the test runner. */
function opening(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.includes("/node_modules/"))
    .slice(0, 20)
    .map((line) => `    ${line.slice(0, 400)}`)
    .join("\n");
}

/** What is wrong with the counts, a line each; none is good. */
export function judge(
  counts: Readonly<Record<string, Count>>,
  minima: Readonly<Record<string, number>>,
  mayBeSkipped: (name: string) => boolean,
): string[] {
  const counted = (suite: string): number => {
    const { passed, skips } = counts[suite] ?? { passed: 0, skips: [] };
    return passed + skips.filter(mayBeSkipped).length;
  };
  const tooFew = Object.entries(minima)
    .filter(([suite, minimum]) => counted(suite) < minimum)
    .map(
      ([suite, minimum]) =>
        `Suite "${suite}" passed ${counts[suite]?.passed ?? 0} cases, at least ${minimum} are expected`,
    );
  const skips = Object.entries(counts).flatMap(([suite, count]) =>
    count.skips.filter((name) => !mayBeSkipped(name)).map((name) => `Skipped in suite "${suite}": ${name}`),
  );
  return [...tooFew, ...skips];
}
