import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Channel, ChannelModel, ConfirmChannel } from "amqplib";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import { coalesceWrites } from "./coalesce.ts";
import { within } from "./deadline.ts";
import { lossReason, requestFailure } from "./errors.ts";

/** What a link needs to know. */
export interface LinkParts {
  /** Counts the links of one supervised connection: what belongs to an earlier one is of no use any more. */
  readonly epoch: number;
  /** The address, without the password. */
  readonly address: string;
  readonly clock: Clock;
  readonly rpcTimeoutMs: number;
  /** The broker holds publishes back (with its reason), or no longer does (null). */
  readonly onBlocked: (reason: string | null) => void;
  /** A listener of ours has thrown, which amqplib would take for a fault of the peer. */
  readonly onFault: (error: unknown) => void;
}

/** How long one request may take, and what its silence means. */
export interface RequestLimit {
  readonly timeoutMs: number;
}

/** What amqplib's types leave out of its connection. */
interface Opened extends EventEmitter {
  readonly stream: Duplex;
  readonly frameMax: number;
  readonly channelMax: number;
}

/**
 * One open connection, from its opening to its loss. It is lost once; whoever made something on it awaits `lost` and
 * makes it anew on the next link.
 */
export class Link {
  readonly epoch: number;
  readonly address: string;
  readonly openedAt: number;
  /** Resolves with the reason when the connection is gone, however it went. Never rejects. */
  readonly lost: Promise<Error>;
  readonly #model: ChannelModel;
  readonly #parts: LinkParts;
  /** Ends each request that still waits: amqplib answers none of them once the connection is gone. */
  readonly #requests = new Set<(reason: Error) => void>();
  /** How often a declaration that takes the whole cluster was answered. */
  declared = 0;
  #isLost = false;
  #isClosing = false;
  #loseWith: (reason: Error) => void = () => {};

  constructor(model: ChannelModel, parts: LinkParts) {
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

  /** The largest frame that the broker takes, in bytes with the 8 around its payload. */
  get frameMax(): number {
    return this.#connection.frameMax;
  }

  async openChannel(limit?: RequestLimit): Promise<Channel> {
    return this.#shielded(await this.#open("open a channel", () => this.#model.createChannel(), limit));
  }

  async openConfirmChannel(): Promise<ConfirmChannel> {
    return this.#shielded(await this.#open("open a channel with confirms", () => this.#model.createConfirmChannel()));
  }

  /** amqplib counts channels itself, by the number that the broker allows. */
  #open<T>(what: string, open: () => Promise<T>, limit?: RequestLimit): Promise<T> {
    const allocate = async (): Promise<T> => {
      try {
        return await open();
      } catch (error) {
        if (!(error instanceof Error) || error.message !== "No channels left to allocate") throw error;
        const most = this.#connection.channelMax;
        const text = `Cannot ${what}: the broker allows ${most} channels a connection (channel_max), and all are in use.`;
        const hint = "Raise channel_max in rabbitmq.conf, or serve fewer queues by one worker: each takes a channel.";
        throw new CeleryError("limit-reached", `${text} ${hint}`, { cause: error });
      }
    };
    return this.request(what, allocate, limit);
  }

  /**
   * Asks the broker, and waits `rpcTimeoutMs` at most: a silent broker means a dead connection, which is then given up. With
   * a `limit` only the request is given up: it concerns one queue, and the connection may be well.
   *
   * @throws CeleryError with code `rpc-timeout`, `connection-lost`, or what the broker answered.
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
      // amqplib throws this when the connection ended before we could listen, and while it says goodbye.
      if (!this.#isClosing && error instanceof Error && error.name === "IllegalOperationError") this.kill(error);
      throw requestFailure(error, what);
    } finally {
      this.#requests.delete(lost.reject);
    }
  }

  /** Gives the connection up without a word to the broker. */
  kill(reason: Error): void {
    this.#lose(reason);
    if (!this.#stream.destroyed) this.#stream.destroy(reason);
  }

  /** Says goodbye, and hangs up if the broker does not answer in time. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    const goodbye = new CeleryError("closed", "The connection was closed");
    this.#isClosing = true;
    try {
      // amqplib never answers for a connection that breaks meanwhile.
      await within(this.#parts.clock, timeoutMs, Promise.race([this.#model.close(), this.lost]), () => goodbye);
    } catch {
      // A peer that does not answer a goodbye is hung up on below.
    }
    this.kill(goodbye);
  }

  /** amqplib types the connection by its server properties alone. */
  get #connection(): Opened {
    return this.#model.connection as unknown as Opened;
  }

  /** The only way to hang up. */
  get #stream(): Duplex {
    return this.#connection.stream;
  }

  /** With such a listener amqplib emits what another listener throws, and goes on; else the channel or connection ends. */
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
    this.#model.on("close", (error) => this.#lose(error ?? new Error("The connection was closed")));
    this.#model.on("blocked", (reason) => onBlocked(reason));
    this.#model.on("unblocked", () => onBlocked(null));
    stream.on("close", () => this.#lose(new Error("The socket was closed")));
    if (stream.destroyed || stream.writableEnded) this.#lose(new Error("The broker closed the connection at once"));
  }

  /** After a silence amqplib only ends the socket, which waits for an answer, and keeps the process alive as long. */
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
   * Whether the broker answers on this connection. A node answers this by itself, whatever has become of queues and of other
   * nodes; one that does not, and sends nothing else meanwhile, is given up.
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
    const text = `The broker at ${this.address} did not answer within ${timeoutMs} ms: ${what}`;
    return new CeleryError("rpc-timeout", text);
  }

  #silence(what: string): CeleryError {
    const error = this.#unanswered(what, this.#parts.rpcTimeoutMs);
    this.kill(error);
    return error;
  }
}
