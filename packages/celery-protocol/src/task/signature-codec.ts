import { isPlainObject, setOwn } from "../content/plain-object.ts";
import type { Tree } from "../content/tree.ts";
import { kindOf } from "../wire/show.ts";
import { type Fields, invalid, optionalFlag, optionalText, requiredText, unknownFields } from "./fields.ts";
import type { WireSignature } from "./signature.ts";

const KNOWN: ReadonlySet<string> = new Set(["task", "args", "kwargs", "options", "subtask_type", "immutable"]);

/**
 * Decodes a signature of a message. `subtask_type` and `immutable` may be missing; `args`, `kwargs` and `options` may
 * be null but not missing, since Celery fails without them.
 *
 * @throws ProtocolError `message-invalid` for any other value.
 */
export function decodeSignature(tree: Tree): WireSignature {
  if (!isPlainObject(tree)) throw invalid(`a signature is ${kindOf(tree)}, not an object`);
  const fields = tree as Readonly<Record<string, Tree>>;
  return {
    task: requiredText(fields, "task"),
    args: signatureArgs(fields),
    kwargs: members(fields, "kwargs"),
    options: members(fields, "options"),
    subtaskType: optionalText(fields, "subtask_type"),
    immutable: optionalFlag(fields, "immutable") ?? false,
    extra: unknownFields(fields, KNOWN),
  };
}

/** Reads a list of signatures; null is none. */
export function decodeSignatures(tree: Tree | undefined, key: string): readonly WireSignature[] | null {
  if (tree === undefined || tree === null) return null;
  if (!Array.isArray(tree)) throw invalid(`${key} is ${kindOf(tree)}, not a list of signatures`);
  return tree.map(decodeSignature);
}

/** Writes a signature with its keys in Celery's order. */
export function encodeSignature(signature: WireSignature): Readonly<Record<string, Tree>> {
  const written: Record<string, Tree> = {
    task: signature.task,
    args: signature.args,
    kwargs: signature.kwargs,
    options: signature.options,
    subtask_type: signature.subtaskType,
    immutable: signature.immutable,
  };
  for (const [key, value] of Object.entries(signature.extra)) setOwn(written, key, value);
  return written;
}

function signatureArgs(fields: Readonly<Record<string, Tree>>): readonly Tree[] {
  const args = fields["args"];
  if (args === null) return [];
  if (Array.isArray(args)) return args;
  throw invalid(`args of a signature is ${kindOf(args)}, not a list`);
}

function members(fields: Fields, key: string): Readonly<Record<string, Tree>> {
  const value = fields[key];
  if (value === null) return {};
  if (isPlainObject(value)) return value as Readonly<Record<string, Tree>>;
  throw invalid(`${key} of a signature is ${kindOf(value)}, not an object`);
}
