// Counts cases by suite and says what is wrong with the counts: green must not mean "did not run".

/** What vitest's JSON report holds of what is needed here. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    /** Why the file itself could not be run; empty where it could. */
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
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
  const sum = (of: (report: Report) => number): number => reports.reduce((total, report) => total + of(report), 0);
  return {
    numPassedTests: sum(({ numPassedTests }) => numPassedTests),
    numFailedTests: sum(({ numFailedTests }) => numFailedTests),
    numPendingTests: sum(({ numPendingTests }) => numPendingTests),
    testResults: reports.flatMap(({ testResults }) => testResults),
  };
}

export function tally(report: Report, relativePath: (file: string) => string): Record<string, Count> {
  const counts: Record<string, Count> = {};
  for (const { name, assertionResults } of report.testResults) {
    const suite = suiteOf(relativePath(name));
    const before = counts[suite] ?? { passed: 0, failed: 0, skipped: 0, skips: [] };
    const of = (status: string): number => assertionResults.filter((result) => result.status === status).length;
    const [passed, failed] = [of("passed"), of("failed")];
    const skips = assertionResults.filter(({ status }) => status !== "passed" && status !== "failed");
    counts[suite] = {
      passed: before.passed + passed,
      failed: before.failed + failed,
      skipped: before.skipped + skips.length,
      skips: [...before.skips, ...skips.map(({ fullName }) => fullName)],
    };
  }
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b)));
}

/** What failed and why, so that the end of a long log says it; a whole stack trace stands above, where vitest wrote it. */
export function failures(report: Report, relativePath: (file: string) => string): string[] {
  return report.testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relativePath(name);
    const ofFile = message === undefined || message === "" ? [] : [`${file}\n${opening(message)}`];
    const ofCases = assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => `${file} > ${fullName}\n${opening((failureMessages ?? []).join("\n"))}`);
    return [...ofFile, ...ofCases];
  });
}

/** The first lines of a text, indented. */
function opening(text: string): string {
  return text
    .split("\n")
    .slice(0, 12)
    .map((line) => `    ${line.slice(0, 400)}`)
    .join("\n");
}

/** What is wrong with the counts, a line each; none is good. */
export function judge(
  counts: Readonly<Record<string, Count>>,
  minima: Readonly<Record<string, number>>,
  options: { readonly skipsAllowed: boolean },
): string[] {
  const tooFew = Object.entries(minima)
    .filter(
      ([suite, minimum]) =>
        (counts[suite]?.passed ?? 0) + (options.skipsAllowed ? (counts[suite]?.skipped ?? 0) : 0) < minimum,
    )
    .map(
      ([suite, minimum]) =>
        `Suite "${suite}" passed ${counts[suite]?.passed ?? 0} cases, at least ${minimum} are expected`,
    );
  const skips = options.skipsAllowed
    ? []
    : Object.entries(counts).flatMap(([suite, count]) =>
        count.skips.map((name) => `Skipped in suite "${suite}": ${name}`),
      );
  return [...tooFew, ...skips];
}
