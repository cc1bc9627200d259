// Workflows: signatures, their composition, and the messages that follow from a task.

export {
  type Canvas,
  chord,
  chunks,
  expandChunks,
  group,
  groupOf,
  map,
  readCanvas,
  signature,
  type SignatureFields,
  starmap,
} from "./canvas/canvas.ts";
export { chain, pipe } from "./canvas/chain.ts";
export { chordUnlock } from "./canvas/chord-unlock.ts";
export {
  type Call,
  type CallArguments,
  type Caller,
  type CallTerms,
  type Moment,
  callTerms,
  composeBy,
  type Routing,
  type Sending,
} from "./canvas/compose.ts";
export {
  afterChord,
  afterFailure,
  afterSuccess,
  callerOf,
  type FollowUp,
  type FollowUpOptions,
} from "./canvas/follow-up.ts";
export { freezeSignature, type Frozen } from "./canvas/freeze.ts";
export { withFormedLinks } from "./canvas/form.ts";
export { link, linkError, linkErrorWithHeader, linksOf, withOptions } from "./canvas/link.ts";
export type { Mint, WireRoute } from "./canvas/mint.ts";
export { joinChord, replacement } from "./canvas/replace.ts";
export { stamp, type Stamping, type StampingVisitor, type Stamps } from "./canvas/stamp.ts";
export {
  type AppliedChord,
  type CanvasStep,
  needsChords,
  unfold,
  type Unfolded,
  type Unfolding,
} from "./canvas/unfold.ts";
export {
  afterChordFailure,
  type ChordFailure,
  chordPart,
  type ChordPart,
  type ChordProgress,
  type FailedTask,
  type Reach,
  unreached,
  type Unreached,
} from "./canvas/unreached.ts";
export type { Draft, DraftOptions, OptionValue } from "./canvas/draft.ts";
export type { Spending } from "./canvas/spending.ts";
