import { expect, test } from "vitest";
import { peekTask } from "../../src/task/peek.ts";
import type { WireMessage } from "../../src/wire/message.ts";

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
