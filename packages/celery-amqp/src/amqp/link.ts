import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Channel, ChannelModel, ConfirmChannel } from "amqplib";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import { coalesceWrites } from "./coalesce.ts";
import { within } from "./deadline.ts";
import type { Dialled } from "./dial.ts";
import { lossReason, requestFailure } from "./errors.ts";
import type { MessageWriter } from "./message-writer.ts";

/** The dependencies and identity of a link. */
export interface LinkParts {
  /** Number of the link on its connection, rising: channels and deliveries of earlier links are invalid. */
  readonly epoch: number;
  /** The address, without the password. */
  readonly address: string;
  readonly clock: Clock;
  readonly rpcTimeoutMs: number;
  /** The broker blocks publishes (with its reason), or unblocks them (null). */
  readonly onBlocked: (reason: string | null) => void;
  /** A listener of this package has thrown; amqplib would treat that as an error of the peer. */
  readonly onFault: (error: unknown) => void;
}

/** Time limit of one request about one queue: without an answer only the request fails. */
export interface RequestLimit {
  readonly timeoutMs: number;
}

/** The members that amqplib's types leave out of its connection. */
interface Opened extends EventEmitter {
  readonly stream: Duplex;
  readonly channelMax: number;
}

/**
 * One open connection, from its opening to its loss. It is lost once; owners of channels await `lost` and open them
 * again on the next link.
 */
export class Link {
  readonly epoch: number;
  readonly address: string;
  readonly openedAt: number;
  /** Publishes on its channels. */
  readonly writer: MessageWriter;
  /** Resolves with the reason when the connection is gone, however it went. Never rejects. */
  readonly lost: Promise<Error>;
  readonly #model: ChannelModel;
  readonly #parts: LinkParts;
  /** Ends each request that still waits: amqplib answers none of them once the connection is gone. */
  readonly #requests = new Set<(reason: Error) => void>();
  /** Number of successful declarations, which need a majority of the cluster. */
  declared = 0;
  #isLost = false;
  #isClosing = false;
  #loseWith: (reason: Error) => void = () => {};

  constructor({ model, writer }: Dialled, parts: LinkParts) {
    this.writer = writer;
    this.epoch = parts.epoch;
    this.address = parts.address;
    this.openedAt = parts.clock.monotonicMs();
    this.#model = model;
    this.#parts = parts;
    this.lost = new Promise((resolve) => (this.#loseWith = resolve));
    this.#listen();
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  async openChannel(limit?: RequestLimit): Promise<Channel> {
    return this.#shielded(await this.#open("open a channel", () => this.#model.createChannel(), limit));
  }

  async openConfirmChannel(): Promise<ConfirmChannel> {
    return this.#shielded(await this.#open("open a channel with confirms", () => this.#model.createConfirmChannel()));
  }

  /** amqplib enforces channel_max itself. */
  #open<T>(what: string, open: () => Promise<T>, limit?: RequestLimit): Promise<T> {
    const allocate = async (): Promise<T> => {
      try {
        return await open();
      } catch (error) {
        if (!(error instanceof Error) || error.message !== "No channels left to allocate") throw error;
        const most = this.#connection.channelMax;
        const text = `All channels of the connection are in use: ${what} (channel_max ${most}).`;
        const hint = "Raise channel_max in rabbitmq.conf, or serve fewer queues by one worker: each takes a channel.";
        throw new CeleryError("limit-reached", `${text} ${hint}`, { cause: error });
      }
    };
    return this.request(what, allocate, limit);
  }

  /**
   * Sends a request to the broker and waits at most `rpcTimeoutMs`: without an answer the connection counts as dead and
   * is dropped. With a `limit` only the request fails: it concerns one queue, and the connection may be healthy.
   *
   * @throws CeleryError with code `rpc-timeout`, `connection-lost`, or the error for the broker's reply code.
   */
  async request<T>(what: string, ask: () => Promise<T>, limit?: RequestLimit): Promise<T> {
    const { clock, rpcTimeoutMs } = this.#parts;
    const timeoutMs = limit?.timeoutMs ?? rpcTimeoutMs;
    const late = (): CeleryError => (limit === undefined ? this.#silence(what) : this.#unanswered(what, timeoutMs));
    const lost = Promise.withResolvers<never>();
    this.#requests.add(lost.reject);
    try {
      return await within(clock, timeoutMs, Promise.race([ask(), lost.promise]), late);
    } catch (error) {
      // amqplib throws this when the connection ended before listeners were added, and while it closes.
      if (!this.#isClosing && error instanceof Error && error.name === "IllegalOperationError") this.kill(error);
      throw requestFailure(error, what);
    } finally {
      this.#requests.delete(lost.reject);
    }
  }

  /** Drops the connection without `connection.close`. */
  kill(reason: Error): void {
    this.#lose(reason);
    if (!this.#stream.destroyed) this.#stream.destroy(reason);
  }

  /** Closes the connection, and destroys the socket if the broker does not answer in time. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    const goodbye = new CeleryError("closed", "The connection was closed.");
    this.#isClosing = true;
    try {
      // amqplib never answers for a connection that breaks meanwhile.
      await within(this.#parts.clock, timeoutMs, Promise.race([this.#model.close(), this.lost]), () => goodbye);
    } catch {
      // A peer that does not answer is disconnected below.
    }
    this.kill(goodbye);
  }

  /** amqplib types the connection by its server properties alone. */
  get #connection(): Opened {
    return this.#model.connection as unknown as Opened;
  }

  /** Destroying it is the only means to drop the connection. */
  get #stream(): Duplex {
    return this.#connection.stream;
  }

  /**
   * With such a listener amqplib emits errors thrown by other listeners; without one it ends the channel or connection.
   */
  #shielded<Emitter extends EventEmitter>(emitter: Emitter): Emitter {
    emitter.on("handler-error", (error: unknown) => this.#parts.onFault(error));
    return emitter;
  }

  /** Listens to both `error` and `close`: a graceful stop of the broker emits only the second (amqplib 445). */
  #listen(): void {
    const { onBlocked } = this.#parts;
    const stream = this.#stream;
    coalesceWrites(stream);
    this.#shielded(this.#connection);
    this.#model.on("error", (error) => this.#onError(error));
    this.#model.on("close", (error) => this.#lose(error ?? new Error("the connection was closed")));
    this.#model.on("blocked", (reason) => onBlocked(reason));
    this.#model.on("unblocked", () => onBlocked(null));
    stream.on("close", () => this.#lose(new Error("the socket was closed")));
    if (stream.destroyed || stream.writableEnded) this.#lose(new Error("the broker closed the connection at once"));
  }

  /**
   * After missed heartbeats amqplib only ends the socket, which then waits for the peer and keeps the process alive.
   */
  #onError(error: Error): void {
    if (error.message === "Heartbeat timeout") this.kill(error);
    else this.#lose(error);
  }

  #lose(reason: Error): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const loss = lossReason(reason);
    for (const end of this.#requests) end(loss);
    this.#loseWith(loss);
  }

  /**
   * Whether the broker answers on this connection. A node opens a channel by itself, in any state of queues and of
   * other nodes; the connection to a node that does not, and sends nothing else meanwhile, is dropped.
   */
  async probe(timeoutMs: number): Promise<boolean> {
    const { bytesRead } = this.#stream as Partial<Socket>;
    try {
      const channel = await this.openChannel({ timeoutMs });
      channel.on("error", () => {});
      channel.close().catch(() => {});
      return true;
    } catch {
      if (this.#isLost) return false;
      const hasSpoken = (this.#stream as Partial<Socket>).bytesRead !== bytesRead;
      if (!hasSpoken) this.kill(this.#unanswered("open a channel", timeoutMs));
      return hasSpoken;
    }
  }

  #unanswered(what: string, timeoutMs: number): CeleryError {
    const text = `The broker did not answer: ${what} (${this.address}, ${timeoutMs} ms). Check the broker.`;
    return new CeleryError("rpc-timeout", text);
  }

  #silence(what: string): CeleryError {
    const error = this.#unanswered(what, this.#parts.rpcTimeoutMs);
    this.kill(error);
    return error;
  }
}
