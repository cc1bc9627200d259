import type { ResolvedEntry } from "../schedule/entry.ts";
import type { BeatState } from "./beat-state.ts";

/**
 * What becomes of ticks that were missed, since no beat ran:
 * `once` (as Celery) the latest one is sent, unless a later tick is due anyway; `all` every one; `skip` none.
 */
export type CatchUp = "skip" | "once" | "all";

/** How late a tick may be, and what becomes of later ones. */
export interface Lateness {
  readonly catchUp: CatchUp;
  /** A tick that is later than this is missed; until then it is merely late, and always sent. */
  readonly missedAfterMs: number;
}

/** One run of an entry that is due. */
export interface Tick {
  readonly entry: ResolvedEntry;
  /** When it was due. */
  readonly time: number;
}

/** What an entry comes to at a moment. */
export interface Due {
  readonly entry: ResolvedEntry;
  /** To be sent, in this order. */
  readonly ticks: readonly Tick[];
  /** Whether ticks were missed that are not sent. */
  readonly isSkipping: boolean;
  /** The entry's last tick once these are sent. */
  readonly last: number;
  /** Its next tick; in the past where there is more to send at once. */
  readonly next: number;
}

/** Ticks of one entry that are sent in one turn: what has gathered for long comes in parts. */
const mostTicks = 1_000;

/**
 * What is due of an entry. One that nobody knew yet begins now: an interval runs for the first time when it has passed.
 * Source: celery/beat.py `Scheduler`, `ScheduleEntry.last_run_at`.
 */
export function due(entry: ResolvedEntry, state: BeatState, now: number, { catchUp, missedAfterMs }: Lateness): Due {
  const { schedule } = entry;
  const known = state.get(entry.name) ?? now;
  const missed = catchUp === "all" ? null : schedule.latest(known, now - missedAfterMs - 1);
  const late: number[] = [];
  let [last, next] = [missed ?? known, schedule.nextAfter(missed ?? known)];
  for (; next <= now && late.length < mostTicks; next = schedule.nextAfter(next)) {
    last = next;
    late.push(next);
  }
  const isCaughtUp = missed !== null && catchUp === "once" && late.length === 0;
  const times = isCaughtUp ? [missed] : late;
  const ticks = times.map((time) => ({ entry, time }));
  return { entry, ticks, isSkipping: missed !== null && !isCaughtUp, last, next };
}
