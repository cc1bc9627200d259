import * as fc from "fast-check";
import { Float } from "../../src/content/lossless.ts";
import type { Tree } from "../../src/content/tree.ts";
import type { WireMessage } from "../../src/wire/message.ts";

/** Numbers as JSON reads them back: what looks whole is an integer, so whole floats are `Float`. */
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Number.isSafeInteger(value) ? new Float(value) : value)),
);
const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString"));

/** Any tree that comes back from JSON as it was written. */
export const arbitraryTree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    number,
    fc.string({ unit: "binary" }),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).tree;

/** A message as anybody may send it: JSON of any value, with any of the fields that readers look for, or any bytes. */
export function arbitraryMessage(fields: readonly string[]): fc.Arbitrary<WireMessage> {
  const named = fc.dictionary(fc.constantFrom(...fields), arbitraryTree, { noNullPrototype: true });
  const body = fc.oneof(named, fc.array(named, { maxLength: 2 }), fc.anything().filter(isJson));
  const bytes = fc.oneof(body.map(encode), fc.uint8Array());
  const headers = fc.dictionary(fc.constantFrom("clock", "ticket", "expires", "compression"), fc.anything());
  const contentType = fc.constantFrom("application/json", "application/json", undefined, "text/plain");
  return fc.record({
    headers,
    properties: fc.record({ contentType, correlationId: fc.option(fc.string(), { nil: undefined }) }),
    body: bytes,
  });
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value) ?? "null");
}

function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
