import type { Budget } from "../wire/budget.ts";
import { checkValues } from "./count-values.ts";
import { readJson } from "./json-read.ts";
import { type JsonRules, writeJson } from "./json-write.ts";
import type { Serializer } from "./serializer.ts";
import type { Tree } from "./tree.ts";
import { decodeUtf8, encodeAscii } from "./utf8.ts";

/** kombu's JSON, Celery's default for everything. NaN and Infinity are read, and refused when written. */
export const json: Serializer = jsonSerializer({ allowNaN: false });

/** kombu's JSON with options. */
export function jsonSerializer(rules: JsonRules): Serializer {
  return {
    name: "json",
    contentType: "application/json",
    contentEncoding: "utf-8",
    encode: (value: unknown): Uint8Array => encodeAscii(writeJson(value, rules)),
    decode(body: Uint8Array, budget?: Budget): Tree {
      if (budget !== undefined) checkValues(body, budget);
      return readJson(decodeUtf8(body));
    },
  };
}
