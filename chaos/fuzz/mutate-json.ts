import type { Random } from "../programs/random.ts";
import { mutateBytes } from "./mutate-bytes.ts";

/** JSON that replaces a part of a body; some of it is invalid for JavaScript's parser. */
const fragments = [
  "null",
  "true",
  "0",
  "-0",
  "1.0",
  "1e999",
  "NaN",
  "-Infinity",
  "123456789012345678901234567890",
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"9999-99-99"',
  "[]",
  "{}",
  "[[]]",
  "[null,null,null]",
  '{"__proto__":{"a":1}}',
  '{"constructor":null}',
  '{"__type__":"datetime","__value__":"2026-11-22T10:00:00"}',
  '{"__type__":"datetime","__value__":7}',
  '{"__type__":"bytes","__value__":"!!"}',
  '{"__type__":"decimal","__value__":"1e-999999"}',
  '{"__type__":"uuid","__value__":"nope"}',
  '{"__type__":"no-such","__value__":null}',
  '{"task":"demo.add","args":[1,2],"kwargs":{},"options":{},"subtask_type":null,"immutable":false}',
  '{"task":null}',
  '{"task":"demo.add","args":7}',
  '[{"task":"demo.add"}]',
  '{"callbacks":[{"task":"demo.add"}],"errbacks":7,"chain":[[]],"chord":{"task":[]}}',
  '{"a":1,"a":2}',
];
/** Keys that mean something, as a body or a signature has them. */
const keys = [
  "task",
  "id",
  "args",
  "kwargs",
  "callbacks",
  "errbacks",
  "chain",
  "chord",
  "options",
  "eta",
  "utc",
  "__type__",
];

/** The structure of a JSON body changed; what is no JSON has its bytes changed. */
export function mutateJson(body: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(body).toString("utf8");
  const spans = spansOf(text);
  if (spans.length === 0) return mutateBytes(body, random);
  return Buffer.from(rewritten(text, spans, random));
}

type Span = readonly [from: number, to: number];

function rewritten(text: string, spans: readonly Span[], random: Random): string {
  const [from, to] = random.pick(spans);
  const part = text.slice(from, to);
  const put = (instead: string): string => text.slice(0, from) + instead + text.slice(to);
  switch (random.between(0, 7)) {
    case 0:
      return put(`[${part}]`);
    case 1:
      return put(`{${JSON.stringify(random.pick(keys))}:${part}}`);
    case 2:
      return put(`${part},${part}`);
    case 3: {
      const depth = random.pick([1, 10, 100, 1_000, 20_000]);
      return put("[".repeat(depth) + part + "]".repeat(depth));
    }
    case 4: {
      const [otherFrom, otherTo] = random.pick(spans);
      return put(text.slice(otherFrom, otherTo));
    }
    default:
      return put(random.pick(fragments));
  }
}

/** Where values stand in a JSON text: numbers, words, strings, lists and objects, by a glance and not by parsing. */
function spansOf(text: string): readonly Span[] {
  const spans: Span[] = [];
  const open: number[] = [];
  const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[[\]{}]/gs;
  for (const { 0: found, index } of text.matchAll(token)) {
    if (found === "[" || found === "{") open.push(index);
    else if (found === "]" || found === "}") {
      const from = open.pop();
      if (from !== undefined) spans.push([from, index + 1]);
    } else spans.push([index, index + found.length]);
  }
  return spans;
}
