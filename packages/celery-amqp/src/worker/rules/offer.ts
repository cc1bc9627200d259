import type { WireMessage } from "@leveret/celery-protocol";
import { type Arrival, republished } from "./arrival.ts";

/** Between two offers of a task that is unknown here. */
const betweenSeconds = 5;

/** When a worker first met the task and did not know it, epoch milliseconds. */
const sinceHeader = "x-leveret-unknown-since";

/**
 * After how many seconds a task that is unknown here is to be offered to the workers of its queue again; null when its
 * time is over. In a rolling deploy old workers meet the names of new tasks.
 */
export function offerSeconds(arrival: Arrival, now: number, graceMs: number): number | null {
  return now < unknownSince(arrival, now) + graceMs ? betweenSeconds : null;
}

/** The message to be offered again, with the time of its first offer. */
export function offeredMessage(arrival: Arrival, now: number): WireMessage {
  const message = republished(arrival);
  return { ...message, headers: { ...message.headers, [sinceHeader]: unknownSince(arrival, now) } };
}

function unknownSince({ message }: Arrival, now: number): number {
  const since = message.headers[sinceHeader];
  return typeof since === "number" && since <= now ? since : now;
}
