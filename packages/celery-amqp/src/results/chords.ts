import type { AppliedChord, ChordPart, ChordProgress, ResultMeta } from "@leveret/celery-protocol";

/**
 * Counts the parts of chords, so that whoever brings the last one calls the body.
 *
 * Promises every implementation keeps:
 * 1. A part that is brought twice, as after a worker's death, counts once.
 * 2. `complete` or `failed` is told to one task of the header alone. It is told to that task again each time it brings its
 *    part again, until `finish`: a worker that dies in between loses nothing, and whoever runs the task again ends the chord.
 * 3. A part that does not know the body (its message could not be read) is told it with the end, if `apply` was told it.
 * 4. What is kept of a chord is gone after `finish`, or after the expiry of results where it never comes to that.
 *
 * Source: celery/backends/base.py `apply_chord`, `set_chord_size`, `on_chord_part_return`.
 */
export interface ChordCounter {
  /** To be called before the first member of the header is sent. */
  apply(chord: AppliedChord): Promise<void>;
  /** So many parts complete the chord. To be called before the last member of the header is sent. */
  setSize(groupId: string, size: number): Promise<void>;
  /** So many more parts complete it: Celery's `add_to_chord`. To be called before they are sent. */
  extend(groupId: string, parts: number): Promise<void>;
  /** Keeps a part, whose task has come to the end that `meta` tells. To be called after that was stored. */
  addPart(part: ChordPart, meta: ResultMeta): Promise<ChordProgress>;
  /** Forgets the chord. To be called once its body was sent, or its failure was stored. */
  finish(groupId: string): Promise<void>;
}
