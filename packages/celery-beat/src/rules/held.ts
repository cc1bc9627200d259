import { type BeatState, covers } from "./beat-state.ts";

/** A message of the state queue. */
export interface Held {
  /** Null for a foreign message. */
  readonly id: string | null;
  readonly state: BeatState;
}

/** The leader's progress in saving. */
export interface Saving {
  /** The last confirmed state in the queue; null before there is one. */
  readonly saved: Held | null;
  /** The state that is being published: it will replace the other, which must not be acked before. */
  readonly savingId: string | null;
}

/** Whether a message may be acked: another one that stays includes its state. */
export function isSpare({ id, state }: Held, { saved, savingId }: Saving): boolean {
  if (saved === null || id === saved.id || (id !== null && id === savingId)) return false;
  return covers(saved.state, state);
}
