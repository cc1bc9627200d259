import { ProtocolError } from "@leveret/celery-protocol";
import type { Scalar, YAMLMap, YAMLSeq } from "yaml";
import { resolvePlain } from "./resolve.ts";

const PREFIX = "tag:yaml.org,2002:";
const PLAIN: Scalar.PLAIN = "PLAIN";

/**
 * The kind of a scalar: the last part of its tag, or that of the plain scalar. With the tag `!` PyYAML resolves quoted
 * ones, too.
 */
export function kindOf(scalar: Scalar): string {
  const text = scalar.source ?? "";
  if (scalar.tag === "!") return resolvePlain(text);
  if (scalar.tag !== undefined) return shortTag(scalar.tag);
  return scalar.type === PLAIN ? resolvePlain(text) : "str";
}

/** @throws ProtocolError `type-unknown` for a collection with a tag other than a plain map's or list's. */
export function expectPlain(node: YAMLMap | YAMLSeq, kind: "map" | "seq"): void {
  if (node.tag === undefined || shortTag(node.tag) === kind) return;
  throw new ProtocolError("type-unknown", "remote", `A YAML ${kind} has the tag of an unsupported type.`);
}

function shortTag(tag: string): string {
  return tag.startsWith(PREFIX) ? tag.slice(PREFIX.length) : tag;
}
