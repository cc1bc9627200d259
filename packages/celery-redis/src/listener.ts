import type { CeleryError, Clock, Logger } from "@leveret/celery-amqp";
import type { Redis } from "ioredis";
import { listeningConnection, waitMs } from "./connections.ts";
import { toCeleryError } from "./errors.ts";
import { describePlace, type Place } from "./place.ts";

/** Channels named in one command at most. */
const chunkSize = 500;
/** A connection that is dead and says nothing is found out by asking it so often, … */
const heartbeatMs = 15_000;
/** … and giving it so long to answer. */
const answerMs = 10_000;

/** What a listener is made of. */
export interface ListenerParts {
  readonly place: Place;
  readonly clock: Clock;
  readonly logger: Logger;
  /** These channels are listened to from now on, for the first time or anew: what was said before has to be looked up. */
  readonly onListening: (channels: readonly string[]) => void;
  readonly onMessage: (channel: string, body: Buffer) => void;
  /** Redis refuses to be listened to; it is tried again. */
  readonly onRefused: (error: CeleryError) => void;
}

/**
 * Listens to channels by one connection, made when it is first needed and again whenever it breaks. It knows which channels
 * are wanted and which of them Redis has not been told of, and sees to that in few commands.
 */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #where: string;
  readonly #wanted = new Set<string>();
  /** Wanted, and Redis is still to be told. */
  readonly #joining = new Set<string>();
  /** Wanted no more, and Redis is still to be told. */
  readonly #leaving = new Set<string>();
  #redis: Redis | null = null;
  #isWorking = false;
  #attempt = 0;
  #stopTimer: () => void = () => {};
  #closed = false;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#where = describePlace(parts.place);
  }

  /** Wants a channel that it did not want before. */
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

  /** One at a time, and what is wanted meanwhile is seen to by the one that works. */
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

  /** True where there may be more to do. */
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
    const redis = listeningConnection(this.#parts.place, this.#attempt);
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
      this.#parts.logger.warn("results are not heard of, trying again", { redis: this.#where, reason: known.message });
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

/** Some of them, taken out. */
function take(channels: Set<string>): readonly string[] {
  const taken: string[] = [];
  for (const channel of channels) {
    if (taken.length === chunkSize) break;
    channels.delete(channel);
    taken.push(channel);
  }
  return taken;
}
