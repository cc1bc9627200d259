import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chaosPage, type ChaosRow, readRows } from "../figures.ts";

const row: ChaosRow = {
  kind: "chaos",
  brokerVersion: "3.10.8",
  nodes: 1,
  pools: "inline",
  seconds: 300,
  seed: 7,
  faults: 12,
  missed: 1,
  restarts: 3,
  figures: {
    sends: 9,
    outcomes: { confirmed: 8, "publish-timeout": 1 },
    answers: { SUCCESS: 2 },
    runs: 10,
    duplicates: 1,
    causes: { redelivered: 1 },
    largestHeapBytes: 1024 * 1024,
  },
  violations: 0,
};

test("docs/chaos.md shows the figures as they are kept; if not: pnpm chaos --write", () => {
  expect(readFileSync(join(import.meta.dirname, "../../docs/chaos.md"), "utf8")).toBe(chaosPage(readRows()));
});

test("a run is a line of the table", () => {
  expect(chaosPage([row]).replaceAll(/ +/g, " ")).toContain(
    "| 3.10.8 | 1 | inline | 300 | 7 | 11 of 12, 3 restarts | 9: confirmed 8, publish-timeout 1 | SUCCESS 2 | 10 | 1: redelivered 1 | 1.0 MB | 0 |",
  );
});
