import type { Content } from "../content/content.ts";
import { asList, asText } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import { ProtocolError } from "../wire/errors.ts";
import { outcomeOf, readStored, type ResultBodyOptions, resultOf, type StoredResultOptions } from "./codec.ts";
import { describeException } from "./exception.ts";
import type { ResultMeta, WireException } from "./meta.ts";
import type { ResultTuple } from "./tuple.ts";

/** What one task of a header brought to its chord. */
export interface ReturnedPart {
  readonly taskId: string;
  /** What it returned; null where it failed. */
  readonly result: Tree;
  /** What it failed by; null where it did not. */
  readonly exception: WireException | null;
}

/** What a chord whose parts are all there comes to. */
export type ChordOutcome =
  | { readonly results: readonly Tree[] }
  /** `cause` is the exception of the part that failed, where one did. */
  | { readonly exception: WireException; readonly cause?: WireException };

/** Stands first in a part, for no reader. */
const MARK = 1;

/**
 * The end of a task as chords on Redis keep it: `[1, task id, state, result]`.
 * Source: celery/backends/redis.py `on_chord_part_return`.
 *
 * @throws ProtocolError as `encodeResult`.
 */
export function encodeChordPart(meta: ResultMeta, content: Content, options: ResultBodyOptions = {}): Uint8Array {
  const { serializer } = options;
  const state = meta.status === "OTHER" ? meta.state : meta.status;
  return content.encode([MARK, meta.taskId, state, resultOf(meta, content, serializer)], { serializer }).body;
}

/**
 * Reads a part. Source: celery/backends/redis.py `_unpack_chord_result`.
 *
 * @throws ProtocolError `message-invalid` where the value is none, and what `Content.decode` throws.
 */
export function decodeChordPart(body: Uint8Array, content: Content, options: StoredResultOptions = {}): ReturnedPart {
  const [, id = null, state = null, result = null] = asList(readStored(body, content, options)) ?? [];
  const [taskId, status] = [asText(id), asText(state)];
  if (!taskId || !status) throw invalid();
  const outcome = outcomeOf(status, result);
  if ("exception" in outcome) return { taskId, result: null, exception: outcome.exception };
  return { taskId, result: outcome.result, exception: null };
}

/**
 * What the body of a chord is called with, or by what the chord fails: the first part that failed.
 *
 * @param parts - all of them, in the order of the header.
 * @param header - the saved results of the header where it has groups in it, whose results are lists in their places; null
 * where each part is one place.
 */
export function chordOutcome(parts: readonly ReturnedPart[], header: ResultTuple | null): ChordOutcome {
  const failed = parts.find(({ exception }) => exception !== null);
  if (failed?.exception) {
    const reason = `Dependency ${failed.taskId} raised ${describeException(failed.exception)}`;
    return { ...failure(reason), cause: failed.exception };
  }
  if (header === null) return { results: parts.map(({ result }) => result) };
  const byId = new Map(parts.map(({ taskId, result }) => [taskId, result]));
  const missing = leaves(header).find((id) => !byId.has(id));
  if (missing !== undefined) return failure(`Join error: task ${missing} of the header brought no part`);
  const resultFor = ({ id, members }: ResultTuple): Tree => members?.map(resultFor) ?? byId.get(id) ?? null;
  return { results: (header.members ?? [header]).map(resultFor) };
}

function leaves({ id, members }: ResultTuple): readonly string[] {
  return members === null ? [id] : members.flatMap(leaves);
}

function failure(reason: string): { readonly exception: WireException } {
  return { exception: { type: "ChordError", module: "celery.exceptions", args: [reason] } };
}

function invalid(): ProtocolError {
  return new ProtocolError(
    "message-invalid",
    "remote",
    "This is no part of a chord: it is not [1, id, state, result].",
  );
}
