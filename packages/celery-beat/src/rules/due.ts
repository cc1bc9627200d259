import type { ResolvedEntry } from "../schedule/entry.ts";
import type { BeatState } from "./beat-state.ts";

/**
 * Which missed ticks are sent after no beat ran: `once` (as Celery) only the latest, unless a later tick is due anyway;
 * `all` every one; `skip` none.
 */
export type CatchUp = "skip" | "once" | "all";

/** The limit of late ticks, and the handling of missed ones. */
export interface Lateness {
  readonly catchUp: CatchUp;
  /** A tick that is later than this is missed; before that it is late, and always sent. */
  readonly missedAfterMs: number;
}

/** One run of an entry that is due. */
export interface Tick {
  readonly entry: ResolvedEntry;
  /** When it was due. */
  readonly time: number;
}

/** The state of an entry at a moment. */
export interface Due {
  readonly entry: ResolvedEntry;
  /** The tick to send now; null for none. One at a time: it is saved before the next one, or it might be sent again. */
  readonly tick: Tick | null;
  /** Whether ticks were missed that are not sent. */
  readonly isSkipping: boolean;
  /** The entry's last tick once this is sent. */
  readonly last: number;
  /** Its next tick; in the past where more are due. */
  readonly next: number;
}

/**
 * The due tick of an entry. A new entry starts now: an interval runs for the first time when it has passed. Source:
 * celery/beat.py `Scheduler`, `ScheduleEntry.last_run_at`.
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

/** The most urgent entries: those without a tick to send, and at most `most` ticks, the longest due first. */
export function mostUrgent(dues: readonly Due[], most: number): readonly Due[] {
  const sending = dues.filter(({ tick }) => tick !== null);
  if (sending.length <= most) return dues;
  const later = new Set(sending.toSorted((a, b) => (a.tick?.time ?? 0) - (b.tick?.time ?? 0)).slice(most));
  return dues.filter((each) => !later.has(each));
}
