import type { ChordCounter, ChordProgress } from "@leveret/celery-amqp";
import {
  decodeSignature,
  encodeSignature,
  ProtocolError,
  type ResultMeta,
  type WireSignature,
} from "@leveret/celery-protocol";
import type { AppliedChord, ChordPart } from "@leveret/celery-protocol/canvas";
import {
  chordOutcome,
  decodeChordPart,
  decodeGroupBody,
  encodeChordPart,
  encodeGroupBody,
} from "@leveret/celery-protocol/results";
import type { Commands } from "./commands.ts";
import type { ChordField } from "./keys.ts";
import type { ResolvedResults } from "./options.ts";
import { encoded } from "./redis-store.ts";
import { beginScript, extendScript, finishScript, orderedPartScript, unorderedPartScript } from "./scripts.ts";

/** A part without an index is sorted last, as in Celery. */
const atTheEnd = "+inf";
/**
 * How long an ended chord is remembered, so that a late copy of a task does not start it again. Celery 5.7: at least
 * that.
 */
const rememberedSeconds = 300;
/** Interval of checking whether a Celery worker that ends a chord has finished. */
const lookMs = 500;
/** Chords whose body is known to be stored. */
const rememberedChords = 1_000;
/** All keys of a chord, without its group. */
const fieldsOfAll = ["j", "t", "s", "d", "c", "o", "b"] as const satisfies readonly ChordField[];

/**
 * Counts chords in the keys of Celery's workers, so that a header may run on both. Source: celery/backends/redis.py
 * `on_chord_part_return`, 5.6.3 and 5.7.0.
 */
export class RedisChords implements ChordCounter {
  readonly #commands: Commands;
  readonly #options: ResolvedResults;
  /** Groups whose body is stored in Redis. */
  readonly #told = new Set<string>();

  constructor(commands: Commands, options: ResolvedResults) {
    this.#commands = commands;
    this.#options = options;
  }

  /** Saves a header with groups in it, for its structure; any other header follows from its parts. */
  async apply({ groupId, header, body }: AppliedChord): Promise<void> {
    const isNested = header.members?.some(({ members }) => members !== null) === true;
    const { content, serializer } = this.#options;
    const value = isNested ? encoded(() => encodeGroupBody(header, content, { serializer })) : "";
    await this.#begin(groupId, this.#options.keys.group(groupId), value, this.#encodeBody(body));
  }

  async setSize(groupId: string, size: number): Promise<void> {
    await this.#begin(groupId, this.#options.keys.chord(groupId, "s"), String(size));
  }

  async extend(groupId: string, parts: number): Promise<void> {
    await this.#commands.script(extendScript, this.#fields(groupId, "t"), [parts, this.#options.expiresSeconds]);
  }

  async addPart(part: ChordPart, meta: ResultMeta): Promise<ChordProgress> {
    const { content, serializer, keys, expiresSeconds, chordsOrdered } = this.#options;
    const script = chordsOrdered ? orderedPartScript : unorderedPartScript;
    const { groupId, taskId, groupIndex } = part;
    const value = encoded(() => encodeChordPart({ ...meta, taskId }, content, { serializer }));
    const place = groupIndex === null ? atTheEnd : String(groupIndex);
    const fields = [...this.#fields(groupId, ...fieldsOfAll), keys.group(groupId)];
    const args = [taskId, value, place, expiresSeconds, startOf(value, taskId), this.#untold(part)];
    for (;;) {
      const answer = await this.#commands.script(script, fields, args);
      this.#remember(part);
      if (Array.isArray(answer)) return this.#ended(answer as readonly unknown[], part);
      if (typeof answer !== "number") return { state: "waiting" };
      await this.#pause(Math.min(answer, lookMs));
    }
  }

  async finish(groupId: string): Promise<void> {
    await this.#commands.script(finishScript, this.#fields(groupId, ...fieldsOfAll), [rememberedSeconds]);
  }

  async #begin(groupId: string, key: string, value: string | Uint8Array, body: Uint8Array | "" = ""): Promise<void> {
    const [done = "", owner = "", kept = ""] = this.#fields(groupId, "c", "o", "b");
    this.#told.delete(groupId);
    await this.#commands.script(beginScript, [done, owner, key, kept], [this.#options.expiresSeconds, value, body]);
  }

  /** The body, where this worker has not stored it yet: the sender may not have. */
  #untold({ groupId, body }: ChordPart): Uint8Array | "" {
    return body === null || this.#told.has(groupId) ? "" : this.#encodeBody(body);
  }

  #remember({ groupId, body }: ChordPart): void {
    if (body === null || this.#told.has(groupId)) return;
    this.#told.add(groupId);
    const [oldest = ""] = this.#told;
    if (this.#told.size > rememberedChords) this.#told.delete(oldest);
  }

  /** Empty where the body cannot be serialized as results are: it is then not stored. */
  #encodeBody(body: WireSignature): Uint8Array | "" {
    const { content, serializer } = this.#options;
    try {
      return content.encode(encodeSignature(body), { serializer }).body;
    } catch (error) {
      if (error instanceof ProtocolError) return "";
      throw error;
    }
  }

  #ended([parts, group, kept]: readonly unknown[], { body }: ChordPart): ChordProgress {
    const { content, stored } = this.#options;
    const returned = (parts as readonly Uint8Array[]).map((part) => decodeChordPart(part, content, stored));
    const header = group instanceof Uint8Array ? decodeGroupBody(group, content, stored) : null;
    const told = body === null && kept instanceof Uint8Array && { body: this.#decodeBody(kept) };
    const outcome = chordOutcome(returned, header);
    return "results" in outcome ? { state: "complete", ...outcome, ...told } : { state: "failed", ...outcome, ...told };
  }

  #decodeBody(body: Uint8Array): WireSignature {
    const { content, stored } = this.#options;
    return decodeSignature(content.decode({ ...stored, body }));
  }

  #fields(groupId: string, ...fields: readonly ChordField[]): readonly string[] {
    return fields.map((field) => this.#options.keys.chord(groupId, field));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(ms, resolve));
  }
}

/** The start of a part, up to the byte after its task's id: unique to that task. */
function startOf(part: Uint8Array, taskId: string): Uint8Array {
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  const at = bytes.indexOf(taskId);
  return at === -1 ? bytes : bytes.subarray(0, at + Buffer.byteLength(taskId) + 1); // the id may be written with escapes
}
