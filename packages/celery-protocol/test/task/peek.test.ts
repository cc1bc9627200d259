import { expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { peekTask, peekWorkflow } from "../../src/task/peek.ts";
import type { Serializer } from "../../src/content/serializer.ts";
import type { WireMessage } from "../../src/wire/message.ts";

const text: Serializer = {
  name: "text",
  contentType: "text/plain",
  contentEncoding: "utf-8",
  encode: () => new Uint8Array(),
  decode: () => null,
};
const NOTHING = { id: null, task: null, replyTo: null, correlationId: null };

function message(headers: WireMessage["headers"], body: string | Uint8Array, properties = {}): WireMessage {
  return { headers, properties, body: typeof body === "string" ? new TextEncoder().encode(body) : body };
}

test.each<[string, WireMessage, object]>([
  ["headers of protocol 2", message({ task: "a", id: "t" }, "{garbage"), { id: "t", task: "a" }],
  ["an id that is a number", message({ task: "a", id: 7n }, ""), { id: "7", task: "a" }],
  ["headers of odd types", message({ task: ["a"], id: {} }, ""), {}],
  ["an object of protocol 1", message({}, '{"task": "a", "id": "t", "kwargs": []}'), { id: "t", task: "a" }],
  [
    "typed values it cannot know",
    message({}, '{"task": "a", "id": "t", "args": [{"__type__": "w", "__value__": 1}]}'),
    {
      id: "t",
      task: "a",
    },
  ],
  ["the properties", message({}, "", { replyTo: "r", correlationId: "c" }), { replyTo: "r", correlationId: "c" }],
  ["empty properties", message({}, "", { replyTo: "", correlationId: "" }), {}],
  ["a list", message({}, '["task"]'), {}],
  ["bytes that are no text", message({}, new Uint8Array([255])), {}],
  ["a body too large to open", message({}, `{"task": "a", "x": "${"x".repeat(1024 * 1024)}"}`), {}],
])("reads what it can of %s", (_what, wire, expected) => {
  expect(peekTask(wire)).toEqual({ ...NOTHING, ...expected });
});

const json = { contentType: "application/json", contentEncoding: "utf-8" };
const headers = { task: "a", id: "t", root_id: "r", group: "g", group_index: 2 };
const unknown = { rootId: "r", group: "g", groupIndex: 2, chord: null, chain: null, errbacks: [], isChordKnown: false };
const call = '{"task": "x", "args": [], "kwargs": {}, "options": {"task_id": "id-x"}}';
const sum = { task: "x", options: { task_id: "id-x" } };

test.each<[string, WireMessage, object]>([
  ["headers over garbage", message(headers, "{garbage", json), unknown],
  [
    "headers over what is not accepted",
    message(headers, "[[], {}, {}]", { contentType: "application/x-yaml" }),
    unknown,
  ],
  ["headers over a body of no type", message(headers, "[[], {}, {}]"), unknown],
  ["headers over what is compressed", message({ ...headers, compression: "x" }, "[[], {}, {}]", json), unknown],
  [
    "headers over a body too large to open",
    message(headers, `[["${"x".repeat(1024 * 1024)}"], {}, {}]`, json),
    unknown,
  ],
  ["an embed that is none", message(headers, "[[], {}, 7]", json), unknown],
  ["a chord that is no signature", message(headers, '[[], {}, {"chord": 7}]', json), unknown],
  ["a body without a chord", message(headers, '[7, {}, {"chord": null}]', json), { ...unknown, isChordKnown: true }],
  [
    "who waits, where only the arguments are broken",
    message(headers, `[7, {}, {"chord": ${call}, "chain": [${call}], "errbacks": [${call}]}]`, json),
    { ...unknown, isChordKnown: true, chord: sum, chain: [sum], errbacks: [sum] },
  ],
  [
    "the chord where the chain is broken",
    message(headers, `[[], {}, {"chord": ${call}, "chain": 7, "errbacks": [7]}]`, json),
    { ...unknown, isChordKnown: true, chord: sum },
  ],
  [
    "an object of protocol 1",
    message({}, `{"args": 7, "taskset": "g", "group_index": 2, "root_id": "r", "chord": ${call}}`, json),
    { ...unknown, isChordKnown: true, chord: sum },
  ],
  [
    "headers of odd types",
    message({ task: "a", root_id: {}, group: 7, group_index: "2" }, "", json),
    { ...unknown, rootId: null, group: null, groupIndex: null },
  ],
])("reads who waits for a task from %s", (_what, wire, expected) => {
  expect(peekWorkflow(wire, createContent())).toMatchObject(expected);
});

test("opens nothing that may not be read", () => {
  const body = `[7, {}, {"chord": ${call}}]`;
  const peeked = peekWorkflow(
    message(headers, body, json),
    createContent({ accept: ["text/plain"], serializers: [text] }),
  );
  expect(peeked).toEqual(unknown);
});
