import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { ConfirmChannel, Message } from "amqplib";
import { CeleryError, PublishTimeoutError, UnroutableError } from "../ports/errors.ts";
import type { Publisher, PublishOptions } from "../ports/transport.ts";
import { Backoff } from "./backoff.ts";
import { blamed, isAccusation } from "./blame.ts";
import type { AmqpParts, Connection } from "./connection.ts";
import { toEnvelope } from "./envelope.ts";
import { lossReason } from "./errors.ts";
import type { Link } from "./link.ts";
import type { QueueLimit, ResolvedAmqp } from "./options.ts";
import { Pending, PendingLine } from "./pending.ts";
import { returnedBy } from "./returned.ts";
import { SharedFields } from "./shared-fields.ts";
import { endOf, type Session, supervise } from "./supervise.ts";

/** One confirm channel on one link. */
interface PublishSession extends Session {
  readonly channel: ConfirmChannel;
}

/**
 * Publishes with confirms over channel after channel. Every publish is in one of two lines: `waiting` for room or for
 * a channel, or `inFlight`, written and not confirmed. What is in flight when a channel goes may or may not have
 * arrived: it is sent again, unchanged, on the next one, until its deadline.
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
  /** One of these made the broker close the channel, without saying which: they go again one at a time. */
  readonly #suspects = new Set<Pending>();
  #session: PublishSession | null = null;
  #isWritable = false;
  #isClosing = false;
  #lastConfirmAt = 0;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancelWake: () => void = () => {};
  #onChange: () => void = () => {};

  /** `ready` resolves when senders may go: after a loss, consumers of replies are brought back first. */
  constructor(connection: Connection, options: ResolvedAmqp, parts: AmqpParts, ready: () => Promise<void>) {
    this.#connection = connection;
    this.#options = options;
    this.#parts = parts;
    this.#ready = ready;
    void this.#keepOpen();
  }

  publish(message: WireMessage, to: Address, options: PublishOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeoutMs = options.timeoutMs ?? this.#options.publishTimeoutMs;
      const deadline = this.#parts.clock.now() + timeoutMs;
      const mandatory = options.mandatory ?? true;
      const entry = new Pending({ message, address: to, mandatory, deadline, timeoutMs }, resolve, reject);
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
    this.#lastConfirmAt = this.#parts.clock.now();
    this.#pump();
    this.#wakeBy(this.#silenceAt());
  }

  #admit(entry: Pending): void {
    if (this.#isClosing) {
      entry.settle(new CeleryError("closed", "The transport is closed: create a new one"));
      return;
    }
    if (this.#waiting.size === 0 && this.#hasRoomFor(entry)) this.#write(entry);
    else if (isWithin(this.#waiting, entry, this.#options.maxWaiting)) this.#waiting.add(entry);
    else entry.settle(overloaded(this.#waiting.size));
    if (entry.deadline < this.#wakeAt) this.#wakeBy(entry.deadline);
  }

  #hasRoomFor(entry: Pending): boolean {
    if (this.#session === null || !this.#isWritable || this.#connection.state === "blocked") return false;
    if (this.#suspects.size > 0) return this.#inFlight.size === 0;
    return isWithin(this.#inFlight, entry, this.#options.maxInFlight);
  }

  #write(entry: Pending): void {
    const session = this.#session;
    if (session === null) throw new Error("Nothing can be written without a channel");
    const { exchange, routingKey } = entry.address;
    if (this.#inFlight.size === 0) this.#lastConfirmAt = this.#parts.clock.now();
    this.#inFlight.add(entry);
    try {
      const { content, options } = toEnvelope(entry.message, entry.mandatory, this.#headers);
      const onConfirm = (error: Error | null) => this.#onConfirm(session, entry, error);
      this.#isWritable = session.channel.publish(exchange, routingKey, content, options, onConfirm);
      entry.wasSent = true;
    } catch (error) {
      // A closed channel is told by its own event, which sends this publish again.
      if (error instanceof Error && error.name === "IllegalOperationError") this.#isWritable = false;
      else this.#settle(entry, unsendable(error));
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
    this.#lastConfirmAt = this.#parts.clock.now();
    if (entry.wasReturned) this.#settle(entry, unroutable(entry));
    else this.#settle(entry, error === null ? null : nacked(entry));
    this.#pump();
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
    const session = { link, channel, ended: endOf(channel, link) };
    channel.on("return", (message) => this.#onReturn(message));
    channel.on("drain", () => this.#onDrain(session));
    this.#session = session;
    this.#isWritable = true;
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
    const unknown = entries.filter(({ wasReturned }) => !wasReturned);
    const culprits = blamed(reason, unknown);
    for (const entry of entries) if (entry.wasReturned) this.#settle(entry, unroutable(entry));
    for (const [entry, error] of culprits) this.#settle(entry, error);
    const again = unknown.filter((entry) => !culprits.has(entry));
    if (culprits.size === 0 && isAccusation(reason)) for (const entry of again) this.#suspects.add(entry);
    this.#waiting.prepend(again);
    this.#parts.logger.warn(`Publishing was cut off: ${lossReason(reason).message}`, { sentAgain: again.length });
  }

  /** One timer for all publishes: set for the earliest deadline known, it looks at them all when it fires. */
  #wakeBy(deadline: number): void {
    const silenceAt = this.#silenceAt();
    const wanted = Math.min(deadline, silenceAt);
    if (wanted >= this.#wakeAt) return;
    const now = this.#parts.clock.now();
    this.#cancelWake();
    this.#wakeAt = Math.max(wanted, now + MIN_WAKE_MS);
    this.#cancelWake = this.#parts.clock.setTimer(this.#wakeAt - now, () => this.#wake());
  }

  #wake(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    const now = this.#parts.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const line of [this.#inFlight, this.#waiting]) {
      for (const entry of line) {
        if (entry.deadline <= now) this.#settle(entry, this.#timeout(entry));
        else next = Math.min(next, entry.deadline);
      }
    }
    if (this.#silenceAt() <= now) this.#giveUpLink();
    if (this.#inFlight.size + this.#waiting.size > 0) this.#wakeBy(next);
  }

  /** When the silence of the broker has lasted too long; a blocked broker says so, and may be silent. */
  #silenceAt(): number {
    if (this.#session === null || this.#inFlight.size === 0 || this.#connection.state === "blocked") {
      return Number.POSITIVE_INFINITY;
    }
    return this.#lastConfirmAt + this.#options.confirmTimeoutMs;
  }

  /** A node that a partition cut off goes on with heartbeats and confirms nothing: the next address may do better. */
  #giveUpLink(): void {
    const ms = this.#options.confirmTimeoutMs;
    const link = this.#session?.link;
    link?.kill(new CeleryError("connection-lost", `The broker at ${link.address} has confirmed nothing for ${ms} ms`));
  }

  #timeout(entry: Pending): PublishTimeoutError {
    const state = this.#connection.state;
    const reason =
      state === "open" ? "no answer" : state === "blocked" ? "the broker is blocked by an alarm" : "no connection";
    return new PublishTimeoutError(entry.timeoutMs, entry.wasSent ? reason : `${reason}, it was never sent`);
  }

  #abandon(why: string): void {
    for (const entry of [...this.#inFlight.takeAll(), ...this.#waiting.takeAll()]) {
      entry.settle(new CeleryError("closed", `The transport was closed before the message was confirmed: ${why}`));
    }
    this.#onChange();
  }
}

/** The text by which amqplib tells a nack from a lost channel. */
const NACKED = "message nacked";

/** Many deadlines close together are looked at in one go. */
const MIN_WAKE_MS = 20;

function isWithin(line: PendingLine, entry: Pending, limit: Required<QueueLimit>): boolean {
  // A message larger than the limit goes alone.
  return line.size === 0 || (line.size < limit.messages && line.bytes + entry.bytes <= limit.bytes);
}

function unroutable({ address }: Pending): UnroutableError {
  return new UnroutableError(address.exchange, address.routingKey);
}

function nacked({ address }: Pending): CeleryError {
  const where = `exchange "${address.exchange}", routing key "${address.routingKey}"`;
  return new CeleryError("publish-nacked", `The broker refused the message (${where}): the queue is full or failing`);
}

function overloaded(waiting: number): CeleryError {
  return new CeleryError("overloaded", `${waiting} publishes wait already: await some before you send more`);
}

/** What amqplib cannot write. */
function unsendable(error: unknown): Error {
  if (error instanceof CeleryError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/exceeds the \d+ byte/.test(text)) {
    return new CeleryError("message-too-large", "The headers of the message pass 64 KiB: shorten them", {
      cause: error,
    });
  }
  return new CeleryError("encode-failed", `The message cannot be written: ${text}`, { cause: error });
}
