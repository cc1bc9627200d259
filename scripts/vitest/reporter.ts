import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";
import type { Report } from "../tally.ts";

/** Writes what a run came to, for the count over all runs, into the file that `LEVERET_REPORT_FILE` names. */
export default class ReportWriter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const report: Report = {
      unhandledErrors: unhandledErrors.length,
      files: modules.map((module) => ({
        file: module.relativeModuleId,
        seconds: module.diagnostic().duration / 1_000,
        errors: [module, ...module.children.allSuites()].flatMap((each) => each.errors().map(textOf)),
        cases: [...module.children.allTests()].map((test) => ({
          name: test.fullName,
          state: test.result().state,
          errors: test.result().errors?.map(textOf) ?? [],
        })),
      })),
    };
    writeFileSync(process.env["LEVERET_REPORT_FILE"] ?? "report.json", JSON.stringify(report));
  }
}

function textOf({ message, stack, diff }: { message: string; stack?: string; diff?: string }): string {
  return [stack ?? message, diff ?? ""].join("\n").trim();
}
