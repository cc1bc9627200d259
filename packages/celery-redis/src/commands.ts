import { CeleryError, type Logger } from "@leveret/celery-amqp";
import type { Cluster, Redis } from "ioredis";
import { commandConnection } from "./connections.ts";
import { toCeleryError } from "./errors.ts";
import { describeAddress, type RedisAddress } from "./address.ts";
import type { Script } from "./scripts.ts";

/** An argument of a command or a script. */
export type Argument = string | number | Uint8Array;

/**
 * Sends commands to Redis. Every failure is a CeleryError: `results-unreachable` where a retry may help,
 * `results-refused`, `access-refused`, `closed`.
 */
export class Commands {
  readonly #where: string;
  readonly #logger: Logger;
  readonly #address: RedisAddress;
  #redis: Redis | Cluster | null = null;
  /** Commands without an answer, each as the function that fails it. */
  readonly #sent = new Set<(reason: Error) => void>();
  /** Commands for the next connection, likewise. */
  readonly #queued = new Set<(reason: Error) => void>();
  #isAway = false;
  #closed = false;

  constructor(address: RedisAddress, logger: Logger) {
    this.#address = address;
    this.#where = describeAddress(address);
    this.#logger = logger;
  }

  /** Runs one command; strings are returned as bytes. */
  async run(name: string, ...args: readonly Argument[]): Promise<unknown> {
    const redis = this.#connected();
    try {
      return await this.#answered(redis, redis.callBuffer(name, ...args.map(toArgument)));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Runs one script by its SHA-1; its source is sent only to a Redis that does not have it. */
  async script({ sha, lua }: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const redis = this.#connected();
    const rest = [keys.length, ...keys, ...args].map(toArgument);
    try {
      return await this.#answered(redis, redis.callBuffer("evalsha", sha, ...rest)).catch((error: unknown) => {
        if (isUnknownScript(error)) return this.#answered(redis, redis.callBuffer("eval", lua, ...rest));
        throw error;
      });
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Closes the connection; pending commands fail. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#redis?.disconnect();
    this.#redis = null;
  }

  /** The answer, or the loss of the connection: ioredis drops pending commands without an error when it reconnects. */
  async #answered(redis: Redis | Cluster, answer: Promise<unknown>): Promise<unknown> {
    const { reject: fail, promise: lost } = Promise.withResolvers<never>();
    (redis.status === "ready" ? this.#sent : this.#queued).add(fail);
    try {
      return await Promise.race([answer, lost]);
    } finally {
      if (!this.#sent.delete(fail)) this.#queued.delete(fail);
    }
  }

  #connected(): Redis | Cluster {
    if (this.#closed) throw new CeleryError("closed", `The results are closed: Redis ${this.#where}. Create new ones.`);
    this.#redis ??= this.#connect();
    return this.#redis;
  }

  #connect(): Redis | Cluster {
    const redis = commandConnection(this.#address);
    redis.on("error", (error: unknown) => this.#onAway(error));
    redis.on("ready", () => this.#onBack());
    redis.on("close", () => this.#onLost());
    redis.on("end", () => {
      if (this.#redis === redis) this.#redis = null; // closed finally: the next command makes another
    });
    return redis;
  }

  /** Logs one line for each loss of the connection. */
  #onAway(error: unknown): void {
    if (this.#isAway || this.#closed) return;
    this.#isAway = true;
    this.#logger.warn("the connection to Redis is lost or cannot be made", {
      redis: this.#where,
      reason: toCeleryError(error, this.#where).message,
    });
  }

  #onLost(): void {
    for (const fail of this.#sent) fail(new Error("The connection was lost"));
    this.#sent.clear();
  }

  #onBack(): void {
    for (const fail of this.#queued) this.#sent.add(fail);
    this.#queued.clear();
    if (this.#isAway) this.#logger.info("connected to Redis again", { redis: this.#where });
    this.#isAway = false;
  }

  #failed(error: unknown): CeleryError {
    if (this.#closed)
      return new CeleryError("closed", `The results are closed: Redis ${this.#where}. Create new ones.`);
    return toCeleryError(error, this.#where);
  }
}

function toArgument(argument: Argument): string | number | Buffer {
  if (typeof argument !== "object") return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
