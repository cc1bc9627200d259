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
  /** To be sent now; null where nothing is. One at a time: what is sent is saved before the next, or it might be sent again. */
  readonly tick: Tick | null;
  /** Whether ticks were missed that are not sent. */
  readonly isSkipping: boolean;
  /** The entry's last tick once this is sent. */
  readonly last: number;
  /** Its next tick; in the past where there is more to send at once. */
  readonly next: number;
}

/**
 * What is due of an entry. One that nobody knew yet begins now: an interval runs for the first time when it has passed.
 * Source: celery/beat.py `Scheduler`, `ScheduleEntry.last_run_at`.
 */
export function due(entry: ResolvedEntry, state: BeatState, now: number, { catchUp, missedAfterMs }: Lateness): Due {
  const { schedule } = entry;
  const known = state.get(entry.name) ?? now;
  const missed = catchUp === "all" ? null : schedule.latest(known, now - missedAfterMs - 1);
  const late = schedule.nextAfter(missed ?? known);
  const isLate = late <= now;
  const isCaughtUp = missed !== null && catchUp === "once" && !isLate;
  const time = isLate ? late : isCaughtUp ? missed : null;
  return {
    entry,
    tick: time === null ? null : { entry, time },
    isSkipping: missed !== null && !isCaughtUp,
    last: isLate ? late : (missed ?? known),
    next: isLate ? schedule.nextAfter(late) : late,
  };
}

/** Of all, those that wait for nothing or for longest: `most` that are to be sent. */
export function mostUrgent(dues: readonly Due[], most: number): readonly Due[] {
  const sending = dues.filter(({ tick }) => tick !== null);
  if (sending.length <= most) return dues;
  const later = new Set(sending.toSorted((a, b) => (a.tick?.time ?? 0) - (b.tick?.time ?? 0)).slice(most));
  return dues.filter((each) => !later.has(each));
}
