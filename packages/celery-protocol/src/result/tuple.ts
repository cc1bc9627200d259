import { asList } from "../content/fields.ts";
import type { Tree } from "../content/tree.ts";
import { ProtocolError } from "../wire/errors.ts";

const MAX_DEPTH = 1000;

/** The result of one task, or of a group. */
export interface ResultTuple {
  /** Task id, or group id. */
  readonly id: string;
  /** The result before this one, as in a chain. */
  readonly parent: ResultTuple | null;
  /** Results of the members of a group, in order; null for one task. */
  readonly members: readonly ResultTuple[] | null;
}

/**
 * Encodes a result for `children`, a saved group and the arguments of `celery.chord_unlock`: `[[id, parent], null]` for
 * a task, `[[id, parent], [members]]` for a group. Source: celery/result.py `AsyncResult.as_tuple`,
 * `GroupResult.as_tuple`.
 */
export function encodeResultTuple(tuple: ResultTuple): Tree {
  const parent = tuple.parent === null ? null : encodeResultTuple(tuple.parent);
  return [[tuple.id, parent], tuple.members === null ? null : tuple.members.map(encodeResultTuple)];
}

/**
 * Decodes a result tuple. The id may come without a parent. Source: celery/result.py `result_from_tuple`.
 *
 * @throws ProtocolError `message-invalid` for any other value, `too-deep` beyond 1000 levels.
 */
export function decodeResultTuple(tree: Tree): ResultTuple {
  return decodeAt(tree, 0);
}

function decodeAt(tree: Tree, depth: number): ResultTuple {
  if (depth >= MAX_DEPTH)
    throw new ProtocolError("too-deep", "remote", `A result tuple nests beyond ${MAX_DEPTH} levels.`);
  const [self = null, nodes = null, ...more] = asList(tree) ?? [];
  const [id = null, parent = null, ...rest] = typeof self === "string" ? [self] : (asList(self) ?? []);
  const members = asList(nodes);
  const isTuple = more.length + rest.length === 0 && (members !== null || nodes === null);
  if (typeof id !== "string" || !isTuple) throw invalid();
  return {
    id,
    parent: parent === null ? null : decodeAt(parent, depth + 1),
    members: members?.map((member) => decodeAt(member, depth + 1)) ?? null,
  };
}

function invalid(): ProtocolError {
  const form = "[[id, parent or null], members or null]";
  return new ProtocolError("message-invalid", "remote", `A result tuple is not of the form ${form}.`);
}
