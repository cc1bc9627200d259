import { createHash } from "node:crypto";
import { CeleryError, type ResultStore } from "@leveret/celery-amqp";
import { ProtocolError, type ResultMeta, type TaskMessage } from "@leveret/celery-protocol";
import { decodeResultBody, encodeResultBody } from "@leveret/celery-protocol/results";
import type { Commands } from "./commands.ts";
import type { ResolvedResults } from "./options.ts";
import { checkScript, storeScript } from "./scripts.ts";
import { storedMeta } from "./stored-meta.ts";

/** The longest value that Redis accepts, and Celery writes. */
const longestBytes = 536_870_912;

/**
 * Writes results as Celery's workers do: stored with an expiry, and published to the task's channel. Source:
 * celery/backends/redis.py.
 */
export class RedisStore implements Pick<ResultStore, "store" | "check"> {
  readonly #commands: Commands;
  readonly #options: ResolvedResults;

  constructor(commands: Commands, options: ResolvedResults) {
    this.#commands = commands;
    this.#options = options;
  }

  /**
   * Keeps a stored success. Any other state is replaced by that of a later run.
   *
   * @throws CeleryError `encode-failed`, `message-too-large`, and as `Commands`
   */
  async store(meta: ResultMeta, task: TaskMessage): Promise<void> {
    const body = this.#encode(meta, task);
    const key = this.#options.keys.task(meta.taskId);
    for (let known = ""; ;) {
      const current = await this.#commands.script(storeScript, [key], [body, this.#options.expiresSeconds, known]);
      if (!(current instanceof Uint8Array) || this.#isGood(current)) return;
      known = createHash("sha1").update(current).digest("hex");
    }
  }

  /**
   * Does the same as `store`, for the task id `leveret.check`.
   *
   * @throws CeleryError as `Commands`
   */
  async check(): Promise<void> {
    const { keys, address } = this.#options;
    // For a database that does not exist ioredis silently uses the first one.
    if (address.kind !== "cluster" && address.db > 0) await this.#commands.run("select", address.db);
    await this.#commands.script(checkScript, [keys.task("leveret.check")], []);
  }

  #encode(meta: ResultMeta, task: TaskMessage): Uint8Array {
    const { content, serializer, clock, extended, nodeName } = this.#options;
    const full = storedMeta(meta, task, { now: clock.now(), extended, nodeName });
    const body = encoded(() => encodeResultBody(full, content, { serializer }));
    if (body.byteLength <= longestBytes) return body;
    throw new CeleryError(
      "message-too-large",
      `The result is too large for Redis: task ${meta.taskId} (${body.byteLength} bytes, at most ${longestBytes}). Return a smaller one.`,
    );
  }

  #isGood(body: Uint8Array): boolean {
    try {
      return decodeResultBody(body, this.#options.content, this.#options.stored).status === "SUCCESS";
    } catch {
      return false; // an unreadable value is not a result
    }
  }
}

/** @throws CeleryError `encode-failed` */
export function encoded(encode: () => Uint8Array): Uint8Array {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new CeleryError("encode-failed", error.message, { cause: error });
  }
}
