import type { ChordCounter, ChordProgress } from "@leveret/celery-amqp";
import {
  type AppliedChord,
  chordOutcome,
  type ChordPart,
  decodeChordPart,
  decodeGroupBody,
  encodeChordPart,
  encodeGroupBody,
  type ResultMeta,
} from "@leveret/celery-protocol";
import type { Commands } from "./commands.ts";
import type { ChordField } from "./keys.ts";
import type { ResolvedResults } from "./options.ts";
import { encoded } from "./redis-store.ts";
import { beginScript, extendScript, finishScript, partScript } from "./scripts.ts";

/** A part without a place goes to the end, as in Celery. */
const atTheEnd = "+inf";
/** How long a chord that has ended is remembered, so that a late copy of a task begins nothing. Celery 5.7: at least that. */
const rememberedSeconds = 300;
/** How often to look whether a Celery worker that took over the end of a chord is through with it. */
const lookMs = 500;

/**
 * Counts chords where Celery's workers count them, so that a header may have members on both sides.
 * Source: celery/backends/redis.py `on_chord_part_return`, 5.6.3 and 5.7.0; celery-wire 9.5.
 */
export class RedisChords implements ChordCounter {
  readonly #commands: Commands;
  readonly #options: ResolvedResults;

  constructor(commands: Commands, options: ResolvedResults) {
    this.#commands = commands;
    this.#options = options;
  }

  /** A header with groups in it is saved, for its structure; any other is told by its parts. */
  async apply({ groupId, header }: AppliedChord): Promise<void> {
    const isNested = header.members?.some(({ members }) => members !== null) === true;
    const { content, serializer } = this.#options;
    const value = isNested ? encoded(() => encodeGroupBody(header, content, { serializer })) : "";
    await this.#begin(groupId, this.#options.keys.group(groupId), value);
  }

  async setSize(groupId: string, size: number): Promise<void> {
    await this.#begin(groupId, this.#options.keys.chord(groupId, "s"), String(size));
  }

  async extend(groupId: string, parts: number): Promise<void> {
    await this.#commands.script(extendScript, this.#fields(groupId, "t"), [parts, this.#options.expiresSeconds]);
  }

  async addPart(part: ChordPart, meta: ResultMeta): Promise<ChordProgress> {
    const { content, serializer, keys, expiresSeconds } = this.#options;
    const { groupId, taskId, groupIndex } = part;
    const body = encoded(() => encodeChordPart({ ...meta, taskId }, content, { serializer }));
    const place = groupIndex === null ? atTheEnd : String(groupIndex);
    const fields = [...this.#fields(groupId, "j", "t", "s", "d", "c", "o"), keys.group(groupId)];
    for (;;) {
      const args = [taskId, body, place, expiresSeconds, startOf(body, taskId)];
      const answer = await this.#commands.script(partScript, fields, args);
      if (Array.isArray(answer)) return this.#ended(answer as readonly unknown[]);
      if (typeof answer !== "number") return { state: "waiting" };
      await this.#pause(Math.min(answer, lookMs));
    }
  }

  async finish(groupId: string): Promise<void> {
    await this.#commands.script(finishScript, this.#fields(groupId, "j", "t", "s", "d", "c", "o"), [rememberedSeconds]);
  }

  async #begin(groupId: string, key: string, value: string | Uint8Array): Promise<void> {
    const fields = [key, ...this.#fields(groupId, "c", "o")];
    await this.#commands.script(beginScript, fields, [value, this.#options.expiresSeconds]);
  }

  #ended([parts, group]: readonly unknown[]): ChordProgress {
    const { content, stored } = this.#options;
    const returned = (parts as readonly Uint8Array[]).map((part) => decodeChordPart(part, content, stored));
    const header = group instanceof Uint8Array ? decodeGroupBody(group, content, stored) : null;
    const outcome = chordOutcome(returned, header);
    return "results" in outcome ? { state: "complete", ...outcome } : { state: "failed", ...outcome };
  }

  #fields(groupId: string, ...fields: readonly ChordField[]): readonly string[] {
    return fields.map((field) => this.#options.keys.chord(groupId, field));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(ms, resolve));
  }
}

/** A part up to the byte behind its task's id: the same for all parts of that task, and for no other's. */
function startOf(part: Uint8Array, taskId: string): Uint8Array {
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  const at = bytes.indexOf(taskId);
  return at === -1 ? bytes : bytes.subarray(0, at + Buffer.byteLength(taskId) + 1); // the id may be written with escapes
}
