import type { CeleryError, Clock, Logger } from "@leveret/celery-amqp";
import type { Redis } from "ioredis";
import { listeningConnection, waitMs } from "./connections.ts";
import { toCeleryError } from "./errors.ts";
import { describeAddress, type RedisAddress } from "./address.ts";

/** Most channels in one command. */
const chunkSize = 500;
/** Interval of the pings that detect a dead connection, … */
const heartbeatMs = 15_000;
/** … and the time for their answer. */
const answerMs = 10_000;

/** The dependencies of a listener. */
export interface ListenerParts {
  readonly address: RedisAddress;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with channels that are subscribed now, at first or again: earlier results must be read. */
  readonly onListening: (channels: readonly string[]) => void;
  readonly onMessage: (channel: string, body: Buffer) => void;
  /** Redis refused a subscription; it is retried. */
  readonly onRefused: (error: CeleryError) => void;
}

/**
 * Subscribes to channels on one connection, opened at first use and again after every loss. Subscribes and unsubscribes
 * many channels by few commands.
 */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #where: string;
  readonly #wanted = new Set<string>();
  /** Channels to subscribe. */
  readonly #joining = new Set<string>();
  /** Channels to unsubscribe. */
  readonly #leaving = new Set<string>();
  #redis: Redis | null = null;
  #isWorking = false;
  #attempt = 0;
  #stopTimer: () => void = () => {};
  #closed = false;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#where = describeAddress(parts.address);
  }

  /** Adds a new channel. */
  listen(channel: string): void {
    this.#wanted.add(channel);
    this.#joining.add(channel);
    this.#leaving.delete(channel);
    this.#work();
  }

  leave(channel: string): void {
    this.#wanted.delete(channel);
    this.#joining.delete(channel);
    this.#leaving.add(channel);
    this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#wanted.clear();
    this.#drop();
  }

  /** One loop at a time, which also handles channels added meanwhile. */
  #work(): void {
    if (this.#isWorking || this.#closed) return;
    this.#isWorking = true;
    queueMicrotask(() => void this.#catchUp());
  }

  async #catchUp(): Promise<void> {
    try {
      while (!this.#closed && (await this.#step()));
      this.#attempt = 0;
      this.#isWorking = false;
    } catch (error) {
      if (this.#closed) return;
      this.#onBroken(error);
    }
  }

  /** True where more work may remain. */
  async #step(): Promise<boolean> {
    const left = take(this.#leaving);
    if (left.length > 0) await this.#redis?.unsubscribe(...left);
    const joined = take(this.#joining);
    if (joined.length === 0) return left.length > 0;
    this.#redis ??= await this.#connect();
    await this.#redis.subscribe(...joined);
    this.#parts.onListening(joined.filter((channel) => this.#wanted.has(channel)));
    return true;
  }

  async #connect(): Promise<Redis> {
    const redis = listeningConnection(this.#parts.address, this.#attempt);
    let reason: unknown = new Error("the connection was closed");
    redis.on("error", (error: unknown) => (reason = error));
    redis.on("messageBuffer", (channel: Buffer, body: Buffer) => this.#parts.onMessage(channel.toString(), body));
    await redis.connect().catch((error: unknown) => {
      redis.disconnect();
      throw reason instanceof Error ? reason : error;
    });
    if (this.#closed) redis.disconnect();
    redis.once("end", () => {
      if (this.#redis === redis) this.#onBroken(reason);
    });
    this.#beat(redis);
    return redis;
  }

  #beat(redis: Redis): void {
    const { clock } = this.#parts;
    this.#stopTimer = clock.setTimer(heartbeatMs, () => {
      this.#stopTimer = clock.setTimer(answerMs, () => redis.disconnect());
      redis.ping().then(
        () => this.#onAnswer(redis),
        () => redis.disconnect(),
      );
    });
  }

  #onAnswer(redis: Redis): void {
    if (this.#redis !== redis) return;
    this.#stopTimer();
    this.#beat(redis);
  }

  #onBroken(error: unknown): void {
    this.#drop();
    if (this.#closed) return;
    const known = toCeleryError(error, this.#where);
    const delayMs = waitMs(this.#attempt);
    this.#attempt += 1;
    if (this.#attempt === 1) {
      this.#parts.logger.warn("cannot subscribe to results, trying again", {
        redis: this.#where,
        reason: known.message,
      });
    }
    if (known.code === "access-refused") this.#parts.onRefused(known);
    this.#isWorking = true;
    this.#stopTimer = this.#parts.clock.setTimer(delayMs, () => void this.#catchUp());
  }

  #drop(): void {
    this.#stopTimer();
    this.#leaving.clear();
    for (const channel of this.#wanted) this.#joining.add(channel);
    const redis = this.#redis;
    this.#redis = null;
    redis?.disconnect();
  }
}

/** Removes and returns some of them. */
function take(channels: Set<string>): readonly string[] {
  const taken: string[] = [];
  for (const channel of channels) {
    if (taken.length === chunkSize) break;
    channels.delete(channel);
    taken.push(channel);
  }
  return taken;
}
