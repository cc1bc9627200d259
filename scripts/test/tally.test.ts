import { describe, expect, test } from "vitest";
import { failures, judge, merge, suiteOf, tally } from "../tally.ts";

const report = {
  numPassedTests: 2,
  numFailedTests: 1,
  numPendingTests: 1,
  testResults: [
    {
      name: "packages/celery-amqp/test/interop/python.interop.test.ts",
      assertionResults: [
        { status: "passed", fullName: "a" },
        { status: "skipped", fullName: "b" },
      ],
    },
    {
      name: "packages/celery-amqp/test/send/compose.test.ts",
      assertionResults: [
        { status: "passed", fullName: "c" },
        { status: "failed", fullName: "d", failureMessages: ["Error: expected 1\n    at compose.test.ts:3"] },
      ],
    },
    { name: "packages/cli/test/program.test.ts", message: "SyntaxError: unexpected }", assertionResults: [] },
  ],
};
const counts = tally(report, (file) => file);

describe("the count of cases", () => {
  test("is kept by package and kind", () => {
    expect(counts).toEqual({
      "celery-amqp interop": { passed: 1, failed: 0, skipped: 1, skips: ["b"] },
      "celery-amqp unit": { passed: 1, failed: 1, skipped: 0, skips: [] },
      "cli unit": { passed: 0, failed: 0, skipped: 0, skips: [] },
    });
    expect(suiteOf("scripts/test/tally.test.ts")).toBe("workspace unit");
    expect(suiteOf("packages/rabbit-k8s/test/podlab/seed.lab.test.ts")).toBe("rabbit-k8s lab");
  });

  test("is one over several runs", () => {
    const lab = {
      numPassedTests: 1,
      numFailedTests: 0,
      numPendingTests: 0,
      testResults: [
        {
          name: "packages/rabbit-k8s/test/podlab/seed.lab.test.ts",
          assertionResults: [{ status: "passed", fullName: "e" }],
        },
      ],
    };
    const both = merge([report, lab]);
    expect(both).toMatchObject({ numPassedTests: 3, numFailedTests: 1, numPendingTests: 1 });
    expect(tally(both, (file) => file)).toEqual({
      ...counts,
      "rabbit-k8s lab": { passed: 1, failed: 0, skipped: 0, skips: [] },
    });
  });

  test("names what failed, with its reason", () => {
    expect(failures(report, (file) => file)).toEqual([
      "packages/celery-amqp/test/send/compose.test.ts > d\n    Error: expected 1\n        at compose.test.ts:3",
      "packages/cli/test/program.test.ts\n    SyntaxError: unexpected }",
    ]);
  });

  test("complains of a suite that ran too little, or not at all", () => {
    expect(judge(counts, { "celery-amqp unit": 2, "celery-codecs unit": 1 }, { skipsAllowed: true })).toEqual([
      'Suite "celery-amqp unit" passed 1 cases, at least 2 are expected',
      'Suite "celery-codecs unit" passed 0 cases, at least 1 are expected',
    ]);
  });

  test("complains of skips only where they are not allowed", () => {
    expect(judge(counts, { "celery-amqp interop": 2 }, { skipsAllowed: true })).toEqual([]);
    expect(judge(counts, { "celery-amqp interop": 1 }, { skipsAllowed: false })).toEqual([
      'Skipped in suite "celery-amqp interop": b',
    ]);
  });
});
