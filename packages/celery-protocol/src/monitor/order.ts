import type { CeleryEvent } from "../event/event.ts";

/** The time of an event, for ordering events. */
export interface Moment {
  /** Lamport clock; 0 is none. */
  readonly clock: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  /** The sender: decides between equal clocks. */
  readonly origin: string;
}

/** The time of an event. */ export function momentOf({ clock, timestamp, hostname, pid, type }: CeleryEvent): Moment {
  return { clock, timestamp, origin: type === "task-sent" ? hostname : `${hostname}.${pid ?? "None"}` };
}

/**
 * Negative where the first one is earlier: by their clocks, by name for equal clocks, by time where one has no clock.
 * Source: kombu/clocks.py `timetuple`.
 */
export function compareMoments(first: Moment, second: Moment): number {
  if (first.clock === 0 || second.clock === 0) return first.timestamp - second.timestamp;
  if (first.clock !== second.clock) return first.clock - second.clock;
  if (first.origin === second.origin) return 0;
  return first.origin < second.origin ? -1 : 1;
}
