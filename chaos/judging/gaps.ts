import type { Record } from "./records.ts";

/** A time in which the whole broker was away, epoch milliseconds. */
export interface Outage {
  readonly from: number;
  readonly to: number;
}

/** A broker of which a part is hurt lets work go on within this time; a machine under load takes most of it. */
export const GAP_LIMIT_MS = 45_000;

/** What comes back after an outage may take so long: reconnects, elections, the queues' recovery. */
const RECOVERY_MS = 20_000;

/** The name of the process that runs the programs. */
const CONDUCTOR = "conductor";

/**
 * The longest time in which no task ran to its end while tasks were sent, in milliseconds; outages, with their recovery, do
 * not count.
 */
export function longestGap(records: readonly Record[], outages: readonly Outage[]): number {
  // The conductor's sends come after all others, to ask each queue for an answer.
  const sends = records.filter(({ type, by }) => type === "sending" && !by.startsWith(CONDUCTOR)).map(({ at }) => at);
  const lastSend = Math.max(...sends);
  const ends = records.filter(({ type, at }) => type === "ended" && at <= lastSend).map(({ at }) => at);
  const times = ends.toSorted((a, b) => a - b);
  let longest = 0;
  for (const [index, from] of times.entries()) {
    const to = times[index + 1] ?? lastSend;
    longest = Math.max(longest, to - from - overlap({ from, to }, outages));
  }
  return longest;
}

function overlap({ from, to }: Outage, outages: readonly Outage[]): number {
  return outages.reduce((sum, outage) => {
    const end = Math.min(to, outage.to + RECOVERY_MS);
    return sum + Math.max(0, end - Math.max(from, outage.from));
  }, 0);
}
