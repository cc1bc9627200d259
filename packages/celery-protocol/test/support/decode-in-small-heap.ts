// Decodes the bodies of 16 MB that are named, one after the other, in a process whose heap is small, and prints what became
// of each. Without names all of them.
import { createContent, ProtocolError, toValue } from "../../src/index.ts";

const SIZE = 16_000_000;
const content = createContent();

function filled(open: string, item: (index: number) => string, close: string): string {
  const parts: string[] = [];
  for (let length = 0, index = 0; length < SIZE; index += 1) {
    const part = item(index);
    parts.push(part);
    length += part.length + 1;
  }
  return `${open}${parts.join(",")}${close}`;
}

const record = (index: number): string => JSON.stringify({ id: index, name: "Ada Lovelace", total: 12.5, open: true });

const bodies: Readonly<Record<string, () => string>> = {
  "empty objects": () => filled("[", () => "{}", "]"),
  "empty lists": () => filled("[", () => "[]", "]"),
  "objects of one key each": () => filled("[", (index) => `{"${index.toString(36)}":1}`, "]"),
  "one object of many keys": () => filled("{", (index) => `"k${index}":{}`, "}"),
  "empty objects beside a float": () => filled("[1.0,", () => "{}", "]"),
  "nested lists": () => filled("[", () => "[".repeat(900) + "]".repeat(900), "]"),
  "small numbers": () => filled("[", () => "1", "]"),
  "whole floats": () => filled("[", (index) => `${index % 1000}.0`, "]"),
  "short floats": () => filled("[", (index) => `${index % 10}e9`, "]"),
  fractions: () => filled("[", (index) => `0.${(index % 899) + 100}`, "]"),
  "short strings": () => filled("[", (index) => `"${index.toString(36)}"`, "]"),
  "one long string": () => JSON.stringify("x".repeat(SIZE)),
  "one long string beyond Latin": () => JSON.stringify("ж".repeat(SIZE / 2)),
  records: () => filled("[", record, "]"),
  points: () => filled("[", () => "[12.345678,45.678901]", "]"),
};

const named = process.argv.slice(2);
for (const [name, make] of Object.entries(bodies)) {
  if (named.length > 0 && !named.includes(name)) continue;
  const body = new TextEncoder().encode(make());
  const start = performance.now();
  const became = decode(body);
  console.log(JSON.stringify({ name, became, ms: Math.round(performance.now() - start) }));
}

function decode(body: Uint8Array): string {
  try {
    toValue(content.decode({ contentType: "application/json", body }));
    return "read";
  } catch (error) {
    return error instanceof ProtocolError ? error.code : String(error);
  }
}
