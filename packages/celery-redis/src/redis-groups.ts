import type { GroupStore } from "@leveret/celery-amqp";
import { decodeGroupBody, encodeGroupBody, type ResultTuple } from "@leveret/celery-protocol/results";
import type { Commands } from "./commands.ts";
import type { ResolvedResults } from "./options.ts";
import { encoded } from "./redis-store.ts";

/** Groups in Celery's format. Source: celery/backends/base.py `_save_group`, `_restore_group`. */
export class RedisGroups implements GroupStore {
  readonly #commands: Commands;
  readonly #options: ResolvedResults;

  constructor(commands: Commands, options: ResolvedResults) {
    this.#commands = commands;
    this.#options = options;
  }

  async save(group: ResultTuple): Promise<void> {
    const { keys, content, serializer, expiresSeconds } = this.#options;
    const body = encoded(() => encodeGroupBody(group, content, { serializer }));
    const expiry = expiresSeconds > 0 ? ["EX", expiresSeconds] : [];
    await this.#commands.run("set", keys.group(group.id), body, ...expiry);
  }

  /** @throws ProtocolError `message-invalid` for a value that is not a group, and as `Commands` */
  async restore(groupId: string): Promise<ResultTuple | null> {
    const { keys, content, stored } = this.#options;
    const body = await this.#commands.run("get", keys.group(groupId));
    return body instanceof Uint8Array ? decodeGroupBody(body, content, stored) : null;
  }

  async delete(groupId: string): Promise<void> {
    await this.#commands.run("del", this.#options.keys.group(groupId));
  }
}
