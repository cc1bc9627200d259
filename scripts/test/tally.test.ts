import { describe, expect, test } from "vitest";
import { type Report, failures, judge, merge, slowest, suiteOf, tally } from "../tally.ts";

const python = "packages/celery-amqp/test/interop/python.interop.test.ts";
const compose = "packages/celery-amqp/test/send/compose.test.ts";
const program = "packages/cli/test/program.integration.test.ts";
const seed = "packages/rabbit-k8s/test/podlab/seed.lab.test.ts";

const passed = (name: string) => ({ name, state: "passed", errors: [] }) as const;
const skipped = (name: string) => ({ name, state: "skipped", errors: [] }) as const;
const failed = (name: string, error: string) => ({ name, state: "failed", errors: [error] }) as const;

const report: Report = {
  unhandledErrors: 0,
  files: [
    { file: python, seconds: 1.25, errors: [], cases: [passed("a"), skipped("b")] },
    {
      file: compose,
      seconds: 2,
      errors: [],
      cases: [passed("c"), failed("d", "Error: expected 1\n    at compose.test.ts:3")],
    },
    { file: program, seconds: 61.5, errors: ["SyntaxError: unexpected }"], cases: [] },
  ],
};
const counts = tally(report);

describe("the count of cases", () => {
  test("is kept by package and kind", () => {
    expect(counts).toEqual({
      "celery-amqp interop": { passed: 1, failed: 0, skipped: 1, skips: ["b"] },
      "celery-amqp unit": { passed: 1, failed: 1, skipped: 0, skips: [] },
      "cli integration": { passed: 0, failed: 0, skipped: 0, skips: [] },
    });
    expect(suiteOf("scripts/test/tally.test.ts")).toBe("workspace unit");
    expect(suiteOf(seed)).toBe("rabbit-k8s lab");
  });

  test("is one over several runs", () => {
    const both = merge([
      report,
      { unhandledErrors: 2, files: [{ file: seed, seconds: 1, errors: [], cases: [passed("e")] }] },
    ]);
    expect(both.unhandledErrors).toBe(2);
    expect(tally(both)).toEqual({ ...counts, "rabbit-k8s lab": { passed: 1, failed: 0, skipped: 0, skips: [] } });
  });

  test("complains of a suite that ran too little, or not at all", () => {
    expect(judge(counts, { "celery-amqp unit": 2, "celery-codecs unit": 1 }, () => true)).toEqual([
      'Suite "celery-amqp unit" passed 1 cases, at least 2 are expected',
      'Suite "celery-codecs unit" passed 0 cases, at least 1 are expected',
    ]);
  });

  test("complains of skips only where they are not allowed", () => {
    expect(judge(counts, { "celery-amqp interop": 2 }, () => true)).toEqual([]);
    expect(judge(counts, { "celery-amqp interop": 1 }, () => false)).toEqual([
      'Skipped in suite "celery-amqp interop": b',
    ]);
  });
});

describe("failures", () => {
  test("are named with their reason, those of whole files too", () => {
    expect(failures(report)).toEqual([
      `${compose} > d\n    Error: expected 1\n        at compose.test.ts:3`,
      `${program}\n    SyntaxError: unexpected }`,
    ]);
  });

  test("stand beside the slowest files", () => {
    expect(slowest(report, 2)).toEqual([`  61.5 s  ${program}`, `   2.0 s  ${compose}`]);
  });
});
