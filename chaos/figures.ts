import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Figures } from "./judging/judge.ts";
import { megabytes } from "./judging/judge.ts";
import { usualChords } from "./options.ts";
import { counts } from "./report.ts";
import type { Outcome } from "./run.ts";

/** What is kept of a run of `pnpm chaos`. */
export interface ChaosRow {
  readonly kind: "chaos";
  readonly brokerVersion: string;
  readonly nodes: number;
  readonly pools: string;
  readonly seconds: number;
  readonly seed: number;
  /** Members of the largest chords. */
  readonly chords: number;
  readonly faults: number;
  readonly missed: number;
  readonly restarts: number;
  readonly figures: Figures;
  readonly violations: number;
}

/** The results of a run of `pnpm fuzz`: messages for each target, and their outcomes. */
export interface FuzzRow {
  readonly kind: "fuzz";
  /** What the messages went through. */
  readonly way: string;
  readonly count: number;
  readonly seed: number;
  readonly seconds: number;
  readonly outcome: string;
  readonly defects: number;
}

const file = join(import.meta.dirname, "figures.json");
const page = join(import.meta.dirname, "../docs/chaos.md");

/** All that is kept, in order. */
export function readRows(): readonly (ChaosRow | FuzzRow)[] {
  return JSON.parse(readFileSync(file, "utf8")) as (ChaosRow | FuzzRow)[];
}

/** Replaces the row of its kind, and rewrites the page. */
export function keepRow(row: ChaosRow | FuzzRow): void {
  const others = readRows().filter((other) => keyOf(other) !== keyOf(row));
  const rows = [...others, row].toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
  writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(page, chaosPage(rows));
}

/** The row of a run. */
export function rowOf({ options, brokerVersion, figures, violations, ...hurt }: Outcome): ChaosRow {
  const { nodes, pools, seconds, seed, chords } = options;
  return {
    kind: "chaos",
    brokerVersion,
    nodes,
    pools: pools.join(", "),
    seconds,
    seed,
    chords,
    faults: hurt.faults,
    missed: hurt.missed,
    restarts: hurt.restarts,
    figures,
    violations: violations.length,
  };
}

/** The whole of docs/chaos.md. */
export function chaosPage(rows: readonly (ChaosRow | FuzzRow)[]): string {
  const chaos = rows.filter((row) => row.kind === "chaos");
  const fuzz = rows.filter((row) => row.kind === "fuzz");
  const text = readFileSync(join(import.meta.dirname, "page.md"), "utf8");
  return text
    .replace("<!-- chaos figures -->", chaosTable(chaos))
    .replace("<!-- chord figures -->", chordTable(chaos))
    .replace("<!-- fuzz figures -->", fuzzTable(fuzz));
}

function keyOf(row: ChaosRow | FuzzRow): string {
  return row.kind === "chaos"
    ? `chaos ${row.brokerVersion.split(".").slice(0, 2).join(".")} ${row.nodes} ${row.pools} ${row.seconds} ${Math.max(row.chords, usualChords)}`
    : `fuzz ${row.way}`;
}

function chaosTable(rows: readonly ChaosRow[]): string {
  if (rows.length === 0) return "No long run has been written down yet.";
  return table(
    [
      "RabbitMQ",
      "nodes",
      "pools",
      "seconds",
      "seed",
      "faults",
      "sends",
      "results",
      "runs",
      "ran again",
      "heap",
      "violations",
    ],
    rows.map(({ figures, ...row }) => [
      row.brokerVersion,
      row.nodes,
      row.pools,
      row.seconds,
      row.seed,
      `${row.faults - row.missed} of ${row.faults}, ${row.restarts} restarts`,
      `${figures.sends}: ${counts(figures.outcomes)}`,
      counts(figures.answers),
      figures.runs,
      `${figures.duplicates}: ${counts(figures.causes)}`,
      `${megabytes(figures.largestHeapBytes)} MB`,
      row.violations,
    ]),
  );
}

/** A line for each counter of each run. */
function chordTable(all: readonly ChaosRow[]): string {
  const rows = all.filter((row) => row.chords > 0);
  if (rows.length === 0) return "No run has been written down yet.";
  const heads = ["RabbitMQ", "nodes", "seconds", "seed", "counted on", "chords", "members", "largest bodies", "sends"];
  const lines = rows.flatMap((row) =>
    (["rabbitmq", "redis"] as const).map((counter) => {
      const { chords, members, largest, largestEnded, outcomes, ends, again } = row.figures.chords[counter];
      const run = [row.brokerVersion, row.nodes, row.seconds, row.seed];
      const size = [
        counter === "redis" ? "Redis" : "RabbitMQ alone",
        chords,
        members,
        `${largestEnded} of ${largest} members`,
      ];
      return run.concat(size, [counts(outcomes), counts(ends), counts(again)]);
    }),
  );
  return table([...heads, "ended in", "body ran again"], lines);
}

function fuzzTable(rows: readonly FuzzRow[]): string {
  return table(
    ["messages ran through", "count", "seed", "seconds", "outcome", "defects"],
    rows.map((row) => [row.way, row.count, row.seed, row.seconds.toFixed(0), row.outcome, row.defects]),
  );
}

/** Padded, as the formatter wants it. */
function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [heads, ...rows].map((row) => row.map(String));
  const widths = heads.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const [head = "", ...lines] = cells.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))));
  return [head, line(widths.map((width) => "-".repeat(width))), ...lines].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
