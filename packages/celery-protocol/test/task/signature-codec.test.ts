import { describe, expect, test } from "vitest";
import { readJson } from "../../src/content/json-read.ts";
import { writeJson } from "../../src/content/json-write.ts";
import type { Tree } from "../../src/content/tree.ts";
import { decodeSignature, decodeSignatures, encodeSignature } from "../../src/task/signature-codec.ts";
import { loadVectors } from "../support/vectors.ts";

const recorded = loadVectors("signature").flatMap((vector) => {
  const { json_text } = vector as typeof vector & { readonly json_text?: string };
  const tree = json_text === undefined ? null : readJson(json_text);
  return tree !== null && typeof tree === "object" && "task" in tree ? [[vector.name, json_text ?? ""] as const] : [];
});

test.each(recorded)("%s is written back to the text that kombu wrote", (_name, text) => {
  expect(writeJson(encodeSignature(decodeSignature(readJson(text))), { allowNaN: false })).toBe(text);
});

const bare = { task: "tasks.add", args: [1], kwargs: { k: 2 }, options: { queue: "q" } };

test("a signature may lack subtask_type and immutable", () => {
  expect(decodeSignature(bare)).toEqual({ ...bare, subtaskType: null, immutable: false, extra: {} });
});

test("nulls are none", () => {
  expect(decodeSignature({ task: "a", args: null, kwargs: null, options: null, immutable: null })).toMatchObject({
    args: [],
    kwargs: {},
    options: {},
    immutable: false,
  });
});

test("keys of later versions are kept, __proto__ among them", () => {
  const tree = readJson('{"task": "a", "args": [], "kwargs": {}, "options": {}, "chord_size": 2, "__proto__": 1}');
  const written = encodeSignature(decodeSignature(tree));
  expect(writeJson(written, { allowNaN: false })).toBe(
    '{"task": "a", "args": [], "kwargs": {}, "options": {}, "subtask_type": null, "immutable": false, ' +
      '"chord_size": 2, "__proto__": 1}',
  );
});

test("a list may be null or missing", () => {
  expect([
    decodeSignatures(null, "chain"),
    decodeSignatures(undefined, "chain"),
    decodeSignatures([], "chain"),
  ]).toEqual([null, null, []]);
});

describe("refuses", () => {
  test.each<[string, Tree]>([
    ["a text", "tasks.add"],
    ["a list", []],
    ["no task", { args: [], kwargs: {}, options: {} }],
    ["no args", { task: "a", kwargs: {}, options: {} }],
    ["no kwargs", { task: "a", args: [], options: {} }],
    ["no options", { task: "a", args: [], kwargs: {} }],
    ["args that are an object", { ...bare, args: {} }],
    ["kwargs that are a list", { ...bare, kwargs: [] }],
    ["options that are a text", { ...bare, options: "queue" }],
    ["a subtask type that is a list", { ...bare, subtask_type: [] }],
    ["an immutable that is a text", { ...bare, immutable: "no" }],
  ])("%s", (_what, tree) => {
    expect(() => decodeSignature(tree)).toThrow(expect.objectContaining({ code: "message-invalid", fault: "remote" }));
  });
});
