import type { CeleryEvent } from "../event/event.ts";

/** When an event happened, for comparing with others. */
export interface Moment {
  /** Lamport clock; 0 is none. */
  readonly clock: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  /** Who told it: decides between equal clocks. */
  readonly origin: string;
}

/** When an event happened. */
export function momentOf({ clock, timestamp, hostname, pid, type }: CeleryEvent): Moment {
  return { clock, timestamp, origin: type === "task-sent" ? hostname : `${hostname}.${pid ?? "None"}` };
}

/**
 * Below zero where the first came first: by their clocks, by name where those are equal, by time where one has none.
 * Source: kombu/clocks.py `timetuple`.
 */
export function compareMoments(first: Moment, second: Moment): number {
  if (first.clock === 0 || second.clock === 0) return first.timestamp - second.timestamp;
  if (first.clock !== second.clock) return first.clock - second.clock;
  if (first.origin === second.origin) return 0;
  return first.origin < second.origin ? -1 : 1;
}
