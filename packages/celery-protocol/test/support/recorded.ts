import { createContent, type Content } from "../../src/content/content.ts";
import type { Tree } from "../../src/content/tree.ts";
import type { HeaderTable, WireMessage } from "../../src/wire/message.ts";
import { loadVectors, type Vector } from "./vectors.ts";

/** Reads and writes what Python's defaults do, NaN and Infinity included. */
export const pythonContent: Content = createContent({ allowNaN: true });

/** A recorded message or value with the fields of results, events, control and signatures. */
export interface Recorded extends Vector {
  readonly publish: { readonly exchange: string; readonly routing_key: string };
  readonly headers: HeaderTable;
  /** Key of a value in Redis. */
  readonly key: string;
  readonly value_base64: string;
  /** Signatures: the text itself. */
  readonly json_text: string;
}

/** The recorded vectors of a folder that are messages or values, by name. */
export function recorded(folder: string): readonly (readonly [string, Recorded])[] {
  const vectors = loadVectors(folder) as readonly Recorded[];
  return vectors.filter(({ kind }) => kind !== "redis-commands" && kind !== "trace").map((each) => [each.name, each]);
}

/** What Python's JSON says in a text, as a tree. */
export function treeOf(text: string): Tree {
  return pythonContent.decode({ contentType: "application/json", body: new TextEncoder().encode(text) });
}

/** A message whose body is a value in JSON. */
export function jsonMessage(body: unknown, properties: WireMessage["properties"] = {}): WireMessage {
  return {
    headers: {},
    properties: { contentType: "application/json", contentEncoding: "utf-8", ...properties },
    body: new TextEncoder().encode(JSON.stringify(body)),
  };
}
