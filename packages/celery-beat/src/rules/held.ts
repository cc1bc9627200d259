import { type BeatState, covers } from "./beat-state.ts";

/** A message of the state queue. */
export interface Held {
  /** Null where it has none: nobody of ours wrote it. */
  readonly id: string | null;
  readonly state: BeatState;
}

/** How far the leader is in saving. */
export interface Saving {
  /** The last state that is confirmed to be in the queue; null before there is one. */
  readonly saved: Held | null;
  /** The state that is on its way there: it takes the place of the other, so it must not go before. */
  readonly savingId: string | null;
}

/** Whether a message may go: another that stays says all of it. */
export function isSpare({ id, state }: Held, { saved, savingId }: Saving): boolean {
  if (saved === null || id === saved.id || (id !== null && id === savingId)) return false;
  return covers(saved.state, state);
}
