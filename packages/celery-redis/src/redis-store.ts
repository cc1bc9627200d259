import { createHash } from "node:crypto";
import { CeleryError, type ResultStore } from "@leveret/celery-amqp";
import {
  decodeResultBody,
  encodeResultBody,
  ProtocolError,
  type ResultMeta,
  type TaskMessage,
} from "@leveret/celery-protocol";
import type { Commands } from "./commands.ts";
import type { ResolvedResults } from "./options.ts";
import { checkScript, storeScript } from "./scripts.ts";
import { storedMeta } from "./stored-meta.ts";

/** The longest value that Redis takes, and Celery writes. */
const longestBytes = 536_870_912;

/** Writes results as Celery's workers do: kept for a while, and told to those who listen. Source: celery/backends/redis.py. */
export class RedisStore implements Pick<ResultStore, "store" | "check"> {
  readonly #commands: Commands;
  readonly #options: ResolvedResults;

  constructor(commands: Commands, options: ResolvedResults) {
    this.#commands = commands;
    this.#options = options;
  }

  /**
   * A good result that is there stays. Any other state is replaced, by that of a later run.
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
   * Does what `store` does, for the task id `leveret.check`.
   *
   * @throws CeleryError as `Commands`
   */
  async check(): Promise<void> {
    const { keys, place } = this.#options;
    // A database that does not exist is left for the first one, without an error of the connection.
    if (place.kind !== "cluster" && place.db > 0) await this.#commands.run("select", place.db);
    await this.#commands.script(checkScript, [keys.task("leveret.check")], []);
  }

  #encode(meta: ResultMeta, task: TaskMessage): Uint8Array {
    const { content, serializer, clock, extended, nodeName } = this.#options;
    const full = storedMeta(meta, task, { now: clock.now(), extended, nodeName });
    const body = encoded(() => encodeResultBody(full, content, { serializer }));
    if (body.byteLength <= longestBytes) return body;
    throw new CeleryError(
      "message-too-large",
      `The result of task ${meta.taskId} has ${body.byteLength} bytes; Redis takes ${longestBytes}`,
    );
  }

  #isGood(body: Uint8Array): boolean {
    try {
      return decodeResultBody(body, this.#options.content, this.#options.stored).status === "SUCCESS";
    } catch {
      return false; // what nobody can read is no result
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
