import * as fc from "fast-check";
import { createContent } from "../../src/content/content.ts";
import { decodeTask } from "../../src/task/decode.ts";
import type { WireMessage } from "../../src/wire/message.ts";
import { outcome } from "./outcome.ts";
import { objects, trees } from "./trees.ts";

const content = createContent();
const odd = fc.oneof(
  fc.anything({
    withBigInt: true,
    withDate: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  fc.constantFrom("", "1", "2024-05-06", [1, 2], [null, null], { task: "a" }, Number.NaN, -0),
);
const names = [
  "task",
  "id",
  "eta",
  "expires",
  "retries",
  "timelimit",
  "group",
  "group_index",
  "root_id",
  "stamps",
  "stamped_headers",
  "ignore_result",
  "compression",
  "__proto__",
  "constructor",
];
const anyHeaders = fc
  .array(fc.tuple(fc.constantFrom(...names), odd))
  .map((entries) => Object.fromEntries(entries) as Readonly<Record<string, unknown>>);
const goodHeaders = anyHeaders.map((extra) => ({ task: "a", id: "t", ...extra }));
const anyBody = fc.oneof(
  fc.uint8Array(),
  fc.json().map((text) => new TextEncoder().encode(text)),
  fc
    .tuple(trees, trees, objects(trees))
    .map(
      ([first, second, third]) => content.encode([first, second, { callbacks: first, chain: second, ...third }]).body,
    ),
  objects(trees).map((body) => content.encode({ task: "a", id: "t", args: [], ...body }).body),
);

/** Messages that may hold anything, near to tasks more often than not. */
export const wildMessages: fc.Arbitrary<WireMessage> = fc.record({
  headers: fc.oneof(anyHeaders, goodHeaders),
  properties: fc.constant({ contentType: "application/json" }),
  body: anyBody,
});

/** All that may come of one. */
export const WILD_OUTCOMES: readonly string[] = [
  "fine",
  "message-invalid",
  "decode-failed",
  "type-unknown",
  "compression-unknown",
];

/** What came of decoding it: anything but these would be a fault of ours. */
export function decodeWild(message: WireMessage): string {
  return outcome(() => decodeTask(message, content));
}
