import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chaosPage, type ChaosRow, readRows } from "../figures.ts";
import type { ChordFigures } from "../judging/judge-chords.ts";

const chords: ChordFigures = {
  chords: 3,
  members: 90,
  largest: 60,
  largestEnded: 2,
  outcomes: { confirmed: 3 },
  ends: { body: 2, errback: 1 },
  again: { redelivered: 1 },
};
const row: ChaosRow = {
  kind: "chaos",
  brokerVersion: "3.10.8",
  nodes: 1,
  pools: "inline",
  seconds: 300,
  seed: 7,
  chords: 60,
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
    longestGapMs: 900,
    largestHeapBytes: 1024 * 1024,
    chords: { rabbitmq: chords, redis: { ...chords, largest: 70 } },
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

test("and two lines of the table of chords", () => {
  const page = chaosPage([row]).replaceAll(/ +/g, " ");
  const rest = "confirmed 3 | body 2, errback 1 | redelivered 1 |";
  expect(page).toContain(`| 3.10.8 | 1 | 300 | 7 | RabbitMQ alone | 3 | 90 | 2 of 60 members | ${rest}`);
  expect(page).toContain(`| 3.10.8 | 1 | 300 | 7 | Redis | 3 | 90 | 2 of 70 members | ${rest}`);
});
