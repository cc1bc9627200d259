import type { ResultMeta } from "@leveret/celery-protocol";
import type { AppliedChord, ChordPart, ChordProgress } from "@leveret/celery-protocol/canvas";

/**
 * Counts the parts of chords, so that the worker that adds the last one calls the body.
 *
 * Promises every implementation keeps:
 * 1. A part that is added twice, as after a worker's crash, counts once.
 * 2. Only one task of the header gets `complete` or `failed`. That task gets it again each time it adds its part again, until `finish`: after a worker's crash the redelivered task ends the chord.
 * 3. A part without the body (its message could not be decoded) gets the body with the end, if `apply` stored it.
 * 4. The data of a chord is deleted by `finish`, or when results expire.
 *
 * Source: celery/backends/base.py `apply_chord`, `set_chord_size`, `on_chord_part_return`.
 */
export interface ChordCounter {
  /** Must be called before the first member of the header is sent. */
  apply(chord: AppliedChord): Promise<void>;
  /** Sets how many parts complete the chord. Must be called before the last member of the header is sent. */
  setSize(groupId: string, size: number): Promise<void>;
  /** Adds to the number of parts, as Celery's `add_to_chord`. Must be called before they are sent. */
  extend(groupId: string, parts: number): Promise<void>;
  /** Adds the part of a task that ended with `meta`. Must be called after that result was stored. */
  addPart(part: ChordPart, meta: ResultMeta): Promise<ChordProgress>;
  /** Deletes the chord. Must be called once its body was sent, or its failure was stored. */
  finish(groupId: string): Promise<void>;
}
