import type { Channel } from "amqplib";
import type { Clock } from "../ports/clock.ts";
import type { Backoff } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { pause } from "./deadline.ts";
import type { Link } from "./link.ts";

/** Something that works on one link, from its opening to its end. */
export interface Session {
  readonly link: Link;
  /** Resolves with the reason, when it is over against our will. Never rejects. */
  readonly ended: Promise<Error>;
  /** It was ended by its owner, to be opened anew at once. Default false. */
  readonly isClosing?: boolean;
}

/** The end of a channel, as `Session.ended` wants it: with the broker's reason, if it gave one. */
export function endOf(channel: Channel, link: Link): Promise<Error> {
  return new Promise((resolve) => {
    channel.on("error", resolve);
    // Where the connection ends, amqplib ends its channels first, and tells the reason a moment later.
    channel.on("close", () => {
      queueMicrotask(() => resolve(link.isLost ? link.lost : new Error("the channel was closed")));
    });
  });
}

/** What keeps a session alive needs to know. */
export interface Supervised {
  readonly connection: Connection;
  readonly backoff: Backoff;
  readonly clock: Clock;
  /** Aborted when the session is no longer wanted. */
  readonly stopping: AbortSignal;
  /** Opens a session on the link; what it throws is reported to `onFailed`. */
  readonly open: (link: Link) => Promise<Session>;
  readonly onEnded: (reason: Error) => void;
  /** The next attempt comes after `retryInMs`. */
  readonly onFailed: (error: unknown, retryInMs: number) => void;
}

/**
 * The one way in which channels stay alive: open on the live link, wait for the end, pause, open again; until stopped.
 * After the loss of the whole link there is no pause here, as the connection has made one.
 */
export async function supervise(what: Supervised, first: Session | null): Promise<void> {
  const { clock, backoff, stopping } = what;
  let session = first;
  while (!stopping.aborted) {
    session ??= await openNext(what);
    if (session === null) return;
    const openedAt = clock.monotonicMs();
    const ended = session;
    const reason = await untilEnded(ended, stopping);
    if (reason === null) return;
    session = null;
    backoff.onHeld(clock.monotonicMs() - openedAt);
    what.onEnded(reason);
    if (!ended.link.isLost && ended.isClosing !== true) await pause(clock, backoff.next(), stopping);
  }
}

/** Null: stopped, or the connection is closed for good. */
async function openNext(what: Supervised): Promise<Session | null> {
  const { connection, backoff, clock, stopping } = what;
  while (!stopping.aborted) {
    const link = await connection.ready().catch(() => null);
    if (link === null || stopping.aborted) return null;
    try {
      return await what.open(link);
    } catch (error) {
      if (stopping.aborted) return null;
      const delayMs = Math.round(backoff.next());
      what.onFailed(error, delayMs);
      await pause(clock, delayMs, stopping);
    }
  }
  return null;
}

function untilEnded(session: Session, stopping: AbortSignal): Promise<Error | null> {
  return new Promise((resolve) => {
    const stop = () => resolve(null);
    stopping.addEventListener("abort", stop);
    if (stopping.aborted) stop();
    void session.ended.then(resolve).finally(() => stopping.removeEventListener("abort", stop));
  });
}
