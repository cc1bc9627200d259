import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { ConfirmChannel, Message } from "amqplib";
import { CeleryError } from "../ports/errors.ts";
import type { Publisher, PublishOptions } from "../ports/transport.ts";
import { Backoff } from "./backoff.ts";
import { blamed, isAccusation } from "./blame.ts";
import { ConfirmWatch } from "./confirm-watch.ts";
import type { AmqpParts, Connection } from "./connection.ts";
import { toEnvelope } from "./envelope.ts";
import { lossReason } from "./errors.ts";
import type { Link } from "./link.ts";
import type { QueueLimit, ResolvedAmqp } from "./options.ts";
import { Pending, PendingLine } from "./pending.ts";
import { interrupted, NACKED, nacked, overloaded, timedOut, unroutable, unsendable } from "./publish-errors.ts";
import { returnedBy } from "./returned.ts";
import { SharedFields } from "./shared-fields.ts";
import { checkAddress } from "./short-string.ts";
import { endOf, type Session, supervise } from "./supervise.ts";

/** One confirm channel on one link. */
interface PublishSession extends Session {
  readonly channel: ConfirmChannel;
  /** Nothing more is written to it; it is closed when all that was is confirmed or refused. */
  isRetiring: boolean;
  /** What it has refused stays in flight until it is closed, and then goes again. */
  refused: number;
}

/**
 * Publishes with confirms over channel after channel. Every publish is in one of two lines: `waiting` for room or for
 * a channel, or `inFlight`, written and not confirmed. What is in flight when a channel goes may or may not have
 * arrived: it is sent again, unchanged, on the next one, until its deadline. After that its caller is told, and it goes
 * on taking up room in `expired` while its channel lives, as amqplib holds it until it is confirmed.
 */
export class AmqpPublisher implements Publisher {
  readonly #connection: Connection;
  readonly #options: ResolvedAmqp;
  readonly #parts: AmqpParts;
  readonly #ready: () => Promise<void>;
  readonly #stopping = new AbortController();
  readonly #headers = new SharedFields();
  readonly #waiting = new PendingLine();
  readonly #inFlight = new PendingLine();
  readonly #expired = new PendingLine();
  readonly #watch: ConfirmWatch;
  /** One of these made the broker close the channel, without saying which: they go again one at a time. */
  readonly #suspects = new Set<Pending>();
  #session: PublishSession | null = null;
  #isWritable = false;
  #isClosing = false;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancelWake: () => void = () => {};
  #onChange: () => void = () => {};

  /** `ready` resolves when senders may go: after a loss, consumers of replies are brought back first. */
  constructor(connection: Connection, options: ResolvedAmqp, parts: AmqpParts, ready: () => Promise<void>) {
    this.#connection = connection;
    this.#options = options;
    this.#parts = parts;
    this.#ready = ready;
    this.#watch = new ConfirmWatch(options);
    void this.#keepOpen();
  }

  publish(message: WireMessage, to: Address, options: PublishOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeoutMs = options.timeoutMs ?? this.#options.publishTimeoutMs;
      const deadline = this.#parts.clock.monotonicMs() + timeoutMs;
      const { mandatory = true, resend = true } = options;
      const entry = new Pending({ message, address: to, mandatory, deadline, timeoutMs, resend }, resolve, reject);
      this.#admit(entry);
    });
  }

  /** Takes no more, and lets what it has finish, resends included; at the deadline the rest fails. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true;
    if (this.#connection.state === "idle") this.#abandon("there is no connection");
    const stop = this.#parts.clock.setTimer(timeoutMs, () => this.#abandon("the broker did not confirm it in time"));
    while (this.#waiting.size + this.#inFlight.size > 0) {
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
    stop();
    this.#cancelWake();
    this.#stopping.abort();
  }

  /** The broker takes publishes again. */
  onUnblocked(): void {
    this.#watch.restart(this.#parts.clock.monotonicMs());
    this.#pump();
    this.#wakeBy(Number.POSITIVE_INFINITY);
  }

  #admit(entry: Pending): void {
    if (this.#isClosing) {
      entry.settle(new CeleryError("closed", "The transport is closed: create a new one"));
      return;
    }
    if (this.#waiting.size === 0 && this.#hasRoomFor(entry)) this.#write(entry);
    else if (isWithin(this.#waiting.size, this.#waiting.bytes, entry, this.#options.maxWaiting))
      this.#waiting.add(entry);
    else entry.settle(overloaded(this.#waiting.size));
    if (entry.deadline < this.#wakeAt) this.#wakeBy(entry.deadline);
  }

  #hasRoomFor(entry: Pending): boolean {
    if (this.#session === null || this.#session.isRetiring) return false;
    if (!this.#isWritable || this.#connection.state === "blocked") return false;
    if (this.#suspects.size > 0) return this.#unconfirmed === 0;
    const { size, bytes } = this.#inFlight;
    return isWithin(size + this.#expired.size, bytes + this.#expired.bytes, entry, this.#options.maxInFlight);
  }

  /** How many are written and not confirmed. */
  get #unconfirmed(): number {
    return this.#inFlight.size + this.#expired.size;
  }

  #write(entry: Pending): void {
    const session = this.#session;
    if (session === null) throw new Error("Nothing can be written without a channel");
    const { exchange, routingKey } = entry.address;
    if (this.#unconfirmed === 0) this.#watch.onConfirm(this.#parts.clock.monotonicMs());
    this.#inFlight.add(entry);
    try {
      checkAddress(entry.address);
      const { content, options } = toEnvelope(entry.message, entry.mandatory, this.#headers, session.link.frameMax);
      const onConfirm = (error: Error | null) => this.#onConfirm(session, entry, error);
      this.#isWritable = session.channel.publish(exchange, routingKey, content, options, onConfirm);
      entry.wasSent = true;
    } catch (error) {
      // A closed channel is told by its own event, which sends this publish again.
      if (error instanceof Error && error.name === "IllegalOperationError") this.#isWritable = false;
      else this.#settle(entry, unsendable(error, entry.message));
    }
  }

  /** Writes what waits, as far as there is room. */
  #pump(): void {
    for (const entry of this.#waiting) {
      if (!this.#hasRoomFor(entry)) return;
      this.#waiting.delete(entry);
      this.#write(entry);
    }
  }

  #onConfirm(session: PublishSession, entry: Pending, error: Error | null): void {
    // "channel closed" is no answer; the end of the session decides what becomes of the publish.
    if (session !== this.#session || (error !== null && error.message !== NACKED)) return;
    this.#watch.onConfirm(this.#parts.clock.monotonicMs());
    if (this.#expired.size === 0 || !this.#expired.delete(entry)) {
      if (entry.wasReturned) this.#settle(entry, unroutable(entry));
      else if (error === null) this.#settle(entry, null);
      else this.#onNack(session, entry);
    }
    if (session.isRetiring) this.#closeIfDone(session);
    else this.#pump();
  }

  /** What a channel refused that may itself be at fault goes again, once, by the next one. */
  #onNack(session: PublishSession, entry: Pending): void {
    if (!session.isRetiring && this.#watch.isRenewalDue(this.#parts.clock.monotonicMs())) {
      session.isRetiring = true;
      this.#parts.logger.info("The broker refused a message: the next ones go by a new channel");
    }
    if (!session.isRetiring || entry.wasNacked || !entry.resend) return this.#settle(entry, nacked(entry));
    entry.wasNacked = true;
    session.refused += 1;
  }

  #closeIfDone({ link, channel, refused }: PublishSession): void {
    if (this.#unconfirmed === refused) void link.request("close a channel", () => channel.close()).catch(() => {});
  }

  #settle(entry: Pending, error: Error | null): void {
    this.#inFlight.delete(entry);
    this.#waiting.delete(entry);
    this.#suspects.delete(entry);
    entry.settle(error);
    this.#onChange();
  }

  #keepOpen(): Promise<void> {
    const { clock, ids, logger } = this.#parts;
    return supervise(
      {
        connection: this.#connection,
        backoff: new Backoff(this.#options.backoff, ids),
        clock,
        stopping: this.#stopping.signal,
        open: (link) => this.#open(link),
        onEnded: (reason) => this.#onEnded(reason),
        onFailed: (error, retryInMs) => logger.warn(`Cannot publish: ${lossReason(error).message}`, { retryInMs }),
      },
      null,
    );
  }

  async #open(link: Link): Promise<PublishSession> {
    await this.#ready();
    const channel = await link.openConfirmChannel();
    const session = { link, channel, ended: endOf(channel, link), isRetiring: false, refused: 0 };
    channel.on("return", (message) => this.#onReturn(message));
    channel.on("drain", () => this.#onDrain(session));
    this.#session = session;
    this.#isWritable = true;
    this.#watch.onOpen(this.#parts.clock.monotonicMs());
    this.onUnblocked();
    return session;
  }

  #onDrain(session: PublishSession): void {
    if (session !== this.#session) return;
    this.#isWritable = true;
    this.#pump();
  }

  #onReturn(message: Message): void {
    const entry = returnedBy(message, this.#inFlight);
    if (entry !== null) entry.wasReturned = true;
  }

  /** What was in flight goes again, before what waits; but for those that made the broker close the channel. */
  #onEnded(reason: Error): void {
    this.#session = null;
    this.#isWritable = false;
    const entries = this.#inFlight.takeAll();
    this.#expired.takeAll();
    const unknown = entries.filter(({ wasReturned }) => !wasReturned);
    const culprits = blamed(reason, unknown);
    for (const entry of entries) if (entry.wasReturned) this.#settle(entry, unroutable(entry));
    for (const [entry, error] of culprits) this.#settle(entry, error);
    const left = unknown.filter((entry) => !culprits.has(entry));
    const again = left.filter((entry) => !isSpent(entry));
    for (const entry of left.filter(isSpent)) this.#settle(entry, interrupted(entry));
    if (culprits.size === 0 && isAccusation(reason)) for (const entry of again) this.#suspects.add(entry);
    this.#waiting.prepend(again);
    this.#parts.logger.warn(`Publishing was cut off: ${lossReason(reason).message}`, { sentAgain: again.length });
  }

  /** One timer for all publishes: set for the earliest deadline known, it looks at them all when it fires. */
  #wakeBy(deadline: number): void {
    const now = this.#parts.clock.monotonicMs();
    const wanted = this.#isConfirmDue ? Math.min(deadline, this.#watch.lookAt(now)) : deadline;
    if (wanted >= this.#wakeAt) return;
    this.#cancelWake();
    this.#wakeAt = Math.max(wanted, now + MIN_WAKE_MS);
    this.#cancelWake = this.#parts.clock.setTimer(this.#wakeAt - now, () => this.#wake());
  }

  #wake(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#parts.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    for (const line of [this.#inFlight, this.#waiting]) {
      for (const entry of line) {
        if (entry.deadline <= now) this.#expire(entry);
        else next = Math.min(next, entry.deadline);
      }
    }
    this.#judgeLink(now);
    if (this.#unconfirmed + this.#waiting.size > 0) this.#wakeBy(next);
  }

  #expire(entry: Pending): void {
    const wasInFlight = this.#inFlight.delete(entry);
    this.#settle(entry, timedOut(entry, this.#connection.state));
    if (wasInFlight) this.#expired.add(entry);
  }

  /** A blocked broker says so, and may be silent. */
  get #isConfirmDue(): boolean {
    return this.#session !== null && this.#unconfirmed > 0 && this.#connection.state !== "blocked";
  }

  /** Another node may do better than one that confirms nothing: the connection takes the next address. */
  #judgeLink(now: number): void {
    const complaint = this.#isConfirmDue
      ? this.#watch.complaint(now, this.#expired.oldest ?? this.#inFlight.oldest)
      : null;
    if (complaint === null) return;
    const link = this.#session?.link;
    link?.kill(new CeleryError("connection-lost", `The broker at ${link.address} has confirmed ${complaint}`));
  }

  #abandon(why: string): void {
    for (const entry of [...this.#inFlight.takeAll(), ...this.#waiting.takeAll()]) {
      entry.settle(new CeleryError("closed", `The transport was closed before the message was confirmed: ${why}`));
    }
    this.#onChange();
  }
}

/** It may have arrived, and must not twice. */
function isSpent({ resend, wasSent }: Pending): boolean {
  return !resend && wasSent;
}

/** Many deadlines close together are looked at in one go. */
const MIN_WAKE_MS = 20;

function isWithin(messages: number, bytes: number, entry: Pending, limit: Required<QueueLimit>): boolean {
  // A message larger than the limit goes alone.
  return messages === 0 || (messages < limit.messages && bytes + entry.bytes <= limit.bytes);
}
