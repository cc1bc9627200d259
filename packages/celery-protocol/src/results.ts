// Results beyond their messages: states, parts of chords, tuples, saved groups.

export {
  chordOutcome,
  type ChordOutcome,
  decodeChordPart,
  encodeChordPart,
  type ReturnedPart,
} from "./result/chord-part.ts";
export {
  decodeGroupBody,
  decodeResultBody,
  encodeGroupBody,
  encodePerTaskResult,
  encodeResultBody,
  type PerTaskResultOptions,
  type ResultBodyOptions,
} from "./result/codec.ts";
export { describeException } from "./result/exception.ts";
export { EXCEPTION_STATES, precedence, PROPAGATE_STATES } from "./result/state.ts";
export { decodeResultTuple, encodeResultTuple, type ResultTuple } from "./result/tuple.ts";
