import type { ResultMeta, WireSignature } from "@leveret/celery-protocol";
import type { AppliedChord, ChordPart, ChordProgress } from "@leveret/celery-protocol/canvas";
import { chordOutcome, type ResultTuple, type ReturnedPart } from "@leveret/celery-protocol/results";
import type { ChordCounter } from "../results/chords.ts";

interface Chord {
  size: number | null;
  extra: number;
  /** With groups among its members; null where each member is one item. */
  header: ResultTuple | null;
  body: WireSignature | null;
  readonly parts: Map<string, Part>;
  /** The task that ends the chord. */
  endsBy: string | null;
}

interface Part extends ReturnedPart {
  readonly index: number;
}

/** Counts the parts of chords in this process. */
export class MemoryChords implements ChordCounter {
  readonly #chords = new Map<string, Chord>();
  readonly #finished = new Set<string>();

  async apply({ groupId, header, body }: AppliedChord): Promise<void> {
    const isNested = header.members?.some(({ members }) => members !== null) === true;
    const chord = this.#chordOf(groupId);
    chord.body = body;
    if (isNested) chord.header = header;
  }

  async setSize(groupId: string, size: number): Promise<void> {
    this.#finished.delete(groupId);
    this.#chordOf(groupId).size = size;
  }

  async extend(groupId: string, parts: number): Promise<void> {
    this.#chordOf(groupId).extra += parts;
  }

  async addPart({ taskId, groupId, groupIndex, body }: ChordPart, meta: ResultMeta): Promise<ChordProgress> {
    if (this.#finished.has(groupId)) return { state: "waiting" };
    const chord = this.#chordOf(groupId);
    const index = groupIndex ?? Infinity;
    const key = `${taskId}:${index}`;
    if (!chord.parts.has(key)) chord.parts.set(key, { ...returned(meta), index });
    if (chord.size === null || chord.parts.size !== chord.size + chord.extra) return { state: "waiting" };
    chord.endsBy ??= taskId;
    if (chord.endsBy !== taskId) return { state: "waiting" };
    return { ...progressOf(chord), ...(body === null && chord.body !== null && { body: chord.body }) };
  }

  async finish(groupId: string): Promise<void> {
    this.#chords.delete(groupId);
    this.#finished.add(groupId);
  }

  #chordOf(groupId: string): Chord {
    const known = this.#chords.get(groupId);
    if (known !== undefined) return known;
    const chord = { size: null, extra: 0, header: null, body: null, parts: new Map(), endsBy: null };
    this.#chords.set(groupId, chord);
    return chord;
  }
}

function progressOf({ parts, header }: Chord): ChordProgress {
  const inOrder = [...parts.values()].toSorted((left, right) => left.index - right.index || byId(left, right));
  const outcome = chordOutcome(inOrder, header);
  return "results" in outcome ? { state: "complete", ...outcome } : { state: "failed", ...outcome };
}

/** Redis sorts parts of the same index by their strings. */
function byId(left: Part, right: Part): number {
  return left.taskId < right.taskId ? -1 : 1;
}

function returned(meta: ResultMeta): ReturnedPart {
  const { taskId } = meta;
  if ("result" in meta) return { taskId, result: meta.result, exception: null };
  return { taskId, result: null, exception: meta.exception };
}
