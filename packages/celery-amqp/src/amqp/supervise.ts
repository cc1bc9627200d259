import type { Channel } from "amqplib";
import type { Clock } from "../ports/clock.ts";
import type { Backoff } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import { pause } from "./deadline.ts";
import type { Link } from "./link.ts";

/** A channel and its work on one link, from its opening to its end. */
export interface Session {
  readonly link: Link;
  /** Resolves with the reason when it ends unexpectedly. Never rejects. */
  readonly ended: Promise<Error>;
  /** Its owner ended it, to be opened again at once. Default false. */
  readonly isClosing?: boolean;
}

/** The end of a channel, as `Session.ended` wants it: with the broker's reason, if it gave one. */
export function endOf(channel: Channel, link: Link): Promise<Error> {
  return new Promise((resolve) => {
    channel.on("error", resolve);
    // Where the connection ends, amqplib ends its channels first, and reports the reason a moment later.
    channel.on("close", () => {
      queueMicrotask(() => resolve(link.isLost ? link.lost : new Error("the channel was closed")));
    });
  });
}

/** A session that is kept alive, and its listeners. */
export interface Supervised {
  readonly connection: Connection;
  readonly backoff: Backoff;
  readonly clock: Clock;
  /** Aborted when the session is no longer wanted. */
  readonly stopping: AbortSignal;
  /** Opens a session on the link; its errors go to `onFailed`. */
  readonly open: (link: Link) => Promise<Session>;
  readonly onEnded: (reason: Error) => void;
  /** The next attempt follows after `retryInMs`. */
  readonly onFailed: (error: unknown, retryInMs: number) => void;
}

/**
 * Keeps a channel alive: opens it on the live link, waits for the end, pauses, opens it again, until stopped. After the
 * loss of the whole link there is no pause here, since the connection has paused.
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
