import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { Message } from "amqplib";
import { CeleryError } from "../ports/errors.ts";
import type { Publisher, PublishOptions } from "../ports/transport.ts";
import { Backoff } from "./backoff.ts";
import { sortOut } from "./blame.ts";
import { ConfirmWatch } from "./confirm-watch.ts";
import type { AmqpParts, Connection } from "./connection.ts";
import { lossReason } from "./errors.ts";
import type { Link } from "./link.ts";
import type { ResolvedAmqp } from "./options.ts";
import { PublishQueues } from "./publish-queues.ts";
import { Pending } from "./pending.ts";
import { PublishSession } from "./publish-session.ts";
import { NACKED, nacked, overloaded, timedOut, unroutable, unsendable } from "./publish-errors.ts";
import { returnedBy } from "./returned.ts";
import { StuckChannels } from "./stuck-channels.ts";
import { supervise } from "./supervise.ts";

/**
 * Publishes with confirms over channel after channel. A message that is in flight when its channel ends may or may not have
 * arrived: it is sent again, unchanged, on the next channel, until its deadline.
 */
export class AmqpPublisher implements Publisher {
  readonly #connection: Connection;
  readonly #options: ResolvedAmqp;
  readonly #parts: AmqpParts;
  readonly #ready: () => Promise<void>;
  readonly #stopping = new AbortController();
  readonly #queues: PublishQueues;
  readonly #watch: ConfirmWatch;
  readonly #stuck: StuckChannels;
  /** One of these made the broker close the channel, which one is unknown: they are resent one at a time. */
  readonly #suspects = new Set<Pending>();
  #session: PublishSession | null = null;
  #left: { readonly address: string; readonly at: number } | null = null;
  #lastLink: Link | null = null;
  #isWritable = false;
  #isClosing = false;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancelWake: () => void = () => {};
  #onChange: () => void = () => {};

  /** `ready` resolves when publishing may start: after a loss, consumers of replies are restored first. */
  constructor(connection: Connection, options: ResolvedAmqp, parts: AmqpParts, ready: () => Promise<void>) {
    this.#connection = connection;
    this.#options = options;
    this.#parts = parts;
    this.#ready = ready;
    this.#queues = new PublishQueues(options);
    this.#watch = new ConfirmWatch(options);
    this.#stuck = new StuckChannels({
      ...parts,
      queues: this.#queues,
      session: () => this.#session,
      isBlocked: () => connection.state === "blocked",
      expire: (entry) => this.#expire(entry),
    });
    void this.#keepOpen();
  }

  publish(message: WireMessage, to: Address, options: PublishOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeoutMs = options.timeoutMs ?? this.#options.publishTimeoutMs;
      const deadline = this.#parts.clock.monotonicMs() + timeoutMs;
      const { mandatory = true, resend = true, answerTimeoutMs } = options;
      const request = { message, address: to, mandatory, deadline, timeoutMs, answerTimeoutMs, resend };
      this.#admit(new Pending(request, resolve, reject));
    });
  }

  /**
   * Refuses new publishes and finishes those it has, resends included; at the deadline the rest fail. Never rejects.
   */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosing = true;
    if (this.#connection.state === "idle") this.#abandon("no connection");
    const stop = this.#parts.clock.setTimer(timeoutMs, () => this.#abandon("no confirm in time"));
    while (this.#queues.open > 0) {
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
    stop();
    this.#cancelWake();
    this.#stopping.abort();
  }

  /** Whether it left this address within the last minute, because the node confirmed nothing. */
  hasLeft(address: string): boolean {
    if (this.#left?.address !== address || this.#session === null) return false;
    return this.#session.link.address !== address && this.#parts.clock.monotonicMs() - this.#left.at < LEFT_MS;
  }

  /** The broker accepts publishes again. */
  onUnblocked(): void {
    this.#watch.restart(this.#parts.clock.monotonicMs());
    this.#pump();
    this.#wakeBy(Number.POSITIVE_INFINITY);
  }

  #admit(entry: Pending): void {
    if (this.#isClosing) {
      entry.settle(new CeleryError("closed", "The transport is closed. Create a new one."));
      return;
    }
    const queues = this.#queues;
    if (this.#stuck.hasStopped(entry)) return entry.settle(timedOut(entry, this.#connection.state));
    const isHeld = queues.isLate(entry);
    if (!isHeld && queues.waiting.size === 0 && this.#hasRoomFor(entry)) this.#write(entry);
    else if (queues.canWait(entry)) (isHeld ? queues.held : queues.waiting).add(entry);
    else entry.settle(overloaded(queues.unwritten));
    if (entry.endsAt < this.#wakeAt) this.#wakeBy(entry.endsAt);
  }

  #hasRoomFor(entry: Pending): boolean {
    if (this.#session === null || this.#session.isRetiring) return false;
    if (!this.#isWritable || this.#connection.state === "blocked") return false;
    if (this.#suspects.size > 0) return this.#queues.unconfirmed === 0;
    return this.#queues.canWrite(entry);
  }

  #write(entry: Pending): void {
    const session = this.#session;
    if (session === null) throw new Error("Nothing can be written without a channel");
    entry.writtenAt = this.#parts.clock.monotonicMs();
    if (this.#queues.due === 0) this.#watch.restart(entry.writtenAt);
    this.#queues.inFlight.add(entry);
    try {
      const onConfirm = (error: Error | null) => this.#onConfirm(session, entry, error);
      this.#isWritable = session.link.writer.publish(session.channel, entry, onConfirm);
      entry.wasSent = true;
    } catch (error) {
      // The close event of the channel resends this publish.
      if (error instanceof Error && error.name === "IllegalOperationError") this.#isWritable = false;
      else this.#settle(entry, unsendable(error));
    }
  }

  /** Writes waiting publishes, up to the limit. */
  #pump(): void {
    const { waiting } = this.#queues;
    for (const entry of waiting) {
      if (!this.#hasRoomFor(entry)) return;
      waiting.delete(entry);
      this.#write(entry);
      if (entry.endsAt < this.#wakeAt) this.#wakeBy(entry.endsAt);
    }
  }

  #onConfirm(session: PublishSession, entry: Pending, error: Error | null): void {
    // "channel closed" is no answer; `#onEnded` resends or fails the publish.
    if (session !== this.#session || (error !== null && error.message !== NACKED)) return;
    const { expired } = this.#queues;
    session.hasAnswered = true;
    const now = this.#parts.clock.monotonicMs();
    this.#stuck.onAnswer(now);
    // A queue on the node itself accepts messages even where the node is cut off from the cluster.
    if (entry.answerTimeoutMs === null) this.#watch.onConfirm(now);
    if (expired.size === 0 || !expired.delete(entry)) {
      if (entry.wasReturned) this.#settle(entry, unroutable(entry));
      else if (error === null) this.#settle(entry, null);
      else this.#onNack(session, entry);
    }
    if (session.isRetiring) this.#closeIfDone(session);
    else this.#pump();
  }

  /** Resends a message once, on the next channel, if the nack may be the channel's fault. */
  #onNack(session: PublishSession, entry: Pending): void {
    const isLasting = entry.answerTimeoutMs === null;
    if (isLasting && !session.isRetiring && this.#watch.isRenewalDue(this.#parts.clock.monotonicMs())) {
      this.#retire(session, "the broker refused a message");
    }
    if (!isLasting || !session.isRetiring || entry.wasNacked || !entry.resend) {
      return this.#settle(entry, nacked(entry));
    }
    entry.wasNacked = true;
    this.#queues.setLate(entry);
  }

  #retire(session: PublishSession, reason: string): void {
    session.isRetiring = true;
    this.#parts.logger.info("the next messages are published on a new channel", { reason });
  }

  #closeIfDone(session: PublishSession): void {
    if (this.#queues.inFlight.size === 0) session.close();
  }

  #settle(entry: Pending, error: Error | null): void {
    this.#queues.drop(entry);
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
        onFailed: (error, retryInMs) =>
          logger.warn("cannot open a channel to publish on, trying again", {
            reason: lossReason(error).message,
            retryInMs,
          }),
      },
      null,
    );
  }

  async #open(link: Link): Promise<PublishSession> {
    // Consumers of replies are restored with a connection, not with a channel.
    if (link !== this.#lastLink) await this.#ready();
    this.#lastLink = link;
    const session = new PublishSession(link, await link.openConfirmChannel());
    session.channel.on("return", (message) => this.#onReturn(message));
    session.channel.on("drain", () => this.#onDrain(session));
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
    const entry = returnedBy(message, this.#queues.inFlight) ?? returnedBy(message, this.#queues.late);
    if (entry !== null) entry.wasReturned = true;
  }

  /**
   * Resends the publishes in flight before those that wait, without the ones that made the broker close the channel.
   */
  #onEnded(reason: Error): void {
    const isRenewed = this.#session?.isClosing === true;
    this.#session = null;
    this.#isWritable = false;
    const flight = this.#queues.takeFlight();
    const stuck = flight.filter((entry) => this.#stuck.hasStopped(entry));
    for (const entry of stuck) this.#settle(entry, timedOut(entry, this.#connection.state));
    const rest = stuck.length === 0 ? flight : flight.filter((entry) => !stuck.includes(entry));
    const { failed, again, areSuspects } = sortOut(rest, reason);
    for (const [entry, error] of failed) this.#settle(entry, error);
    if (areSuspects) for (const entry of again) this.#suspects.add(entry);
    this.#queues.waiting.prepend(again);
    if (isRenewed) return;
    this.#parts.logger.warn("lost the channel to publish on", {
      reason: lossReason(reason).message,
      resent: again.length,
    });
  }

  /** One timer for all publishes, set for the earliest known deadline. */
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
    const { overdue, next, isUnsure } = this.#queues.sweep(now, this.#stuck.heardAt);
    for (const entry of overdue) this.#expire(entry);
    if (isUnsure) void this.#stuck.lookInto(now);
    this.#judge(now);
    if (this.#queues.open + this.#queues.expired.size > 0) this.#wakeBy(isUnsure ? now + LOOK_AGAIN_MS : next);
  }

  #expire(entry: Pending): void {
    const wasInFlight = this.#queues.takeFlying(entry);
    this.#settle(entry, timedOut(entry, this.#connection.state));
    if (wasInFlight) this.#queues.expired.add(entry);
  }

  /** A blocked broker confirms nothing, and is not dead. */
  get #isConfirmDue(): boolean {
    return this.#session !== null && this.#queues.due > 0 && this.#connection.state !== "blocked";
  }

  /** Leaves a node that confirms nothing: the connection dials the next address. */
  #judge(now: number): void {
    const session = this.#session;
    if (session === null || this.#connection.state === "blocked") return;
    if (this.#isConfirmDue && this.#watch.isSilent(now)) return this.#leave(session.link);
    this.#queues.age(now - this.#watch.lateMs);
    const oldest = this.#queues.oldestDue;
    if (oldest !== null && now - oldest.writtenAt >= this.#watch.firstAnswerMs) {
      void this.#stuck.lookIntoNew(session, oldest);
    }
    if (!session.isRetiring) {
      if (oldest !== null && this.#watch.isStraggler(now, oldest)) this.#retire(session, stragglerReason(oldest));
      else if (this.#queues.isClogged) this.#retire(session, "the broker left many messages unanswered");
    }
    if (session.isRetiring) this.#closeIfDone(session);
    else this.#pump();
  }

  #leave(link: Link): void {
    this.#left = { address: link.address, at: this.#parts.clock.monotonicMs() };
    const reason = `The broker has confirmed nothing: ${link.address} (${this.#watch.silentMs} ms).`;
    this.#watch.onLeave(this.#options.addresses.length - 1);
    link.kill(new CeleryError("connection-lost", reason));
  }

  #abandon(why: string): void {
    for (const entry of this.#queues.takeAll()) {
      entry.settle(
        new CeleryError(
          "closed",
          `The transport was closed before the message was confirmed: ${why}. The message may have arrived.`,
        ),
      );
    }
    this.#onChange();
  }
}

/** Deadlines close together are handled by one timer. */
const MIN_WAKE_MS = 20;

const LEFT_MS = 60_000;
const LOOK_AGAIN_MS = 100;

function stragglerReason({ address: { exchange, routingKey } }: Pending): string {
  return `no confirm came for exchange "${exchange}", routing key "${routingKey}"`;
}
