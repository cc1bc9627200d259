import type { ChordFigures } from "./judging/judge-chords.ts";
import { megabytes } from "./judging/judge.ts";
import { replayCommand } from "./options.ts";
import type { Outcome } from "./run.ts";

/** Violations shown; the rest is counted. */
const MOST_LINES = 40;

/** What a person reads after a run. */
export function describeOutcome(outcome: Outcome): string {
  const { figures, violations, options, faults, missed, restarts, brokerVersion, folder } = outcome;
  const rows: readonly (readonly [string, string])[] = [
    ["RabbitMQ", `${brokerVersion}, ${options.nodes === 1 ? "one node" : `${options.nodes} nodes`}`],
    ["pools", options.pools.join(", ")],
    ["faults", `${faults - missed} of ${faults} done in ${options.seconds} s; ${restarts} programs started again`],
    ["sends", `${figures.sends}: ${counts(figures.outcomes)}`],
    ["results awaited", counts(figures.answers)],
    ["runs", String(figures.runs)],
    ["ran more than once", `${figures.duplicates}: ${counts(figures.causes)}`],
    ["chords on RabbitMQ alone", describeChords(figures.chords.rabbitmq)],
    ["chords on Redis", describeChords(figures.chords.redis)],
    ["longest gap of work", `${(figures.longestGapMs / 1_000).toFixed(1)} s`],
    ["largest heap in the end", `${megabytes(figures.largestHeapBytes)} MB`],
    ["seed", `${options.seed}; again: ${replayCommand(options)}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  if (violations.length === 0) return [...lines, "", "Nothing was lost."].join("\n");
  const shown = violations.slice(0, MOST_LINES);
  const rest = violations.length - shown.length;
  return [
    ...lines,
    "",
    `${violations.length} violations:`,
    ...shown,
    ...(rest > 0 ? [`… and ${rest} more`] : []),
    ...(folder === null ? [] : [`records and logs: ${folder}`]),
  ].join("\n");
}

function describeChords(figures: ChordFigures): string {
  const { chords, members, largest, largestEnded, outcomes, ends, again } = figures;
  const size = `${chords} of ${members} members, ${largestEnded} bodies after ${largest} each`;
  return `${size}: ${counts(outcomes)}; ${counts(ends)}; bodies run again: ${counts(again)}`;
}

/** `confirmed 12, unroutable 1`: the most frequent first. */
export function counts(table: Readonly<{ [name: string]: number | undefined }>): string {
  const entries = Object.entries(table).flatMap(([name, count]) =>
    count === undefined ? [] : [[name, count] as const],
  );
  const sorted = entries.toSorted(([, a], [, b]) => b - a);
  return sorted.length === 0 ? "none" : sorted.map(([name, count]) => `${name} ${count}`).join(", ");
}
