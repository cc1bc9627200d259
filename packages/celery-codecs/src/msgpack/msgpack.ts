import type { Budget, Serializer, Tree } from "@leveret/celery-protocol";
import { toTree } from "../to-tree.ts";
import { readMsgpack } from "./read.ts";
import { writeMsgpack } from "./write.ts";

/**
 * MessagePack as kombu uses it: strings as str, bytes as bin, no extension types. Dates, decimals and UUIDs are not
 * supported and fail with `encode-failed`, as with Celery.
 *
 * | in the tree | on the wire |
 * | --- | --- |
 * | integer (number, bigint) | the shortest integer; -2^63 to 2^64-1 |
 * | other number, `Float` | float 64 |
 * | bytes | bin |
 * | object | map; keys are strings |
 */
export const msgpack: Serializer = {
  name: "msgpack",
  contentType: "application/x-msgpack",
  contentEncoding: "binary",
  encode: (value: unknown): Uint8Array => writeMsgpack(toTree(value)),
  decode: (body: Uint8Array, budget?: Budget): Tree => readMsgpack(body, budget),
};
