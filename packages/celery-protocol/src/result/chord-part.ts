import type { Content } from "../content/content.ts";
import { asList, asText } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import { ProtocolError } from "../wire/errors.ts";
import { outcomeOf, readStored, type ResultBodyOptions, resultOf, type StoredResultOptions } from "./codec.ts";
import { describeException } from "./exception.ts";
import type { ResultMeta, WireException } from "./meta.ts";
import type { ResultTuple } from "./tuple.ts";

/** The result of one header task. */
export interface ReturnedPart {
  /** Id of the header task. */
  readonly taskId: string;
  /** Its result; null where it failed. */
  readonly result: Tree;
  /** Its exception; null where it succeeded. */
  readonly exception: WireException | null;
}

/** The outcome of a chord with all its parts. */
export type ChordOutcome =
  | { readonly results: readonly Tree[] }
  /** `cause` is the exception of the failed part, if one failed. */
  | { readonly exception: WireException; readonly cause?: WireException };

/** First item of a part, unused by readers. */
const MARK = 1;

/**
 * Encodes a part of a chord on Redis: `[1, task id, state, result]`. Source: celery/backends/redis.py
 * `on_chord_part_return`.
 *
 * @throws ProtocolError as `encodeResult`.
 */
export function encodeChordPart(meta: ResultMeta, content: Content, options: ResultBodyOptions = {}): Uint8Array {
  const { serializer } = options;
  const state = meta.status === "OTHER" ? meta.state : meta.status;
  return content.encode([MARK, meta.taskId, state, resultOf(meta, content, serializer)], { serializer }).body;
}

/**
 * Decodes a part. Source: celery/backends/redis.py `_unpack_chord_result`.
 *
 * @throws ProtocolError `message-invalid` where the value is not a part, and the errors of `Content.decode`.
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
 * The results that the body of a chord is called with, or the exception of the chord: that of the first failed part.
 *
 * @param parts - all of them, in the order of the header.
 * @param header - the saved results of a header with groups in it, whose results are nested lists; null where each part
 * is one item.
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
  if (missing !== undefined) return failure(`Join error: task ${missing} of the header has no part`);
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
    "The value is not a part of a chord: it is not [1, id, state, result].",
  );
}
