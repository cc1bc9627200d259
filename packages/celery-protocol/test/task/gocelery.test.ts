import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { decodeTask } from "../../src/task/decode.ts";
import { encodeGoceleryTask } from "../../src/task/gocelery.ts";
import type { TaskMessage } from "../../src/task/message.ts";
import { newTask } from "../../src/task/new-task.ts";
import type { WireSignature } from "../../src/task/signature.ts";
import { parseIso } from "../../src/time/iso8601.ts";
import { loadVectors, text, wireMessage } from "../support/vectors.ts";

const content = createContent();
const recorded = loadVectors("task-gocelery").find(({ kind }) => kind === "task");
const signature: WireSignature = {
  task: "next",
  args: [],
  kwargs: {},
  options: {},
  subtaskType: null,
  immutable: false,
  extra: {},
};

test("reads what a gocelery client sends: no headers, no encoding, no correlation id", () => {
  expect(decodeTask(wireMessage(recorded!), content)).toMatchObject({
    protocol: 1,
    id: "6f0c9c0e-7b7b-4f0e-9d57-9f0a5d6a1c11",
    task: "demo.add",
    args: [2, 3],
    kwargs: {},
    eta: null,
    correlationId: null,
    replyTo: null,
  });
});

test("writes what a gocelery client would send", () => {
  const message = encodeGoceleryTask(decodeTask(wireMessage(recorded!), content), content);
  const body = JSON.parse(text(message.body)) as object;
  const asRecorded = JSON.parse(recorded!.body_text!) as object;
  expect(body).toEqual(asRecorded);
  expect(Object.keys(body)).toEqual(Object.keys(asRecorded));
  expect(message).toMatchObject({ headers: {}, properties: { contentType: "application/json", persistent: true } });
});

test.each([
  ["2035-01-01T00:00:00.123456", "2035-01-01T00:00:00.123000+00:00"],
  ["20350101 0900+09", "2035-01-01T00:00:00+00:00"],
])("writes expires %s with an offset", (expires, written) => {
  const task = newTask({ id: "t", task: "a", expires: parseIso(expires), expirationMs: 5 });
  const { body, properties } = encodeGoceleryTask(task, content);
  expect(JSON.parse(text(body))).toMatchObject({ expires: written, eta: null });
  expect(properties.expirationMs).toBe(5);
});

describe("refuses what a gocelery worker would drop or die of", () => {
  test.each<[string, Partial<TaskMessage>, RegExp]>([
    ["an eta", { eta: parseIso("2035-01-01") }, /delay the message in the broker/],
    ["another serializer", { serializer: "yaml" }, /only JSON/],
    ["a compression", { compression: "gzip" }, /compressed/],
    ["a callback", { callbacks: [signature] }, /callbacks/],
    ["an errback", { errbacks: [signature] }, /callbacks/],
    ["a chain", { chain: [signature] }, /chain/],
    ["a chord", { chord: signature }, /chord/],
    ["a null argument", { args: [1, null] }, /null/],
  ])("%s", (_what, fields, message) => {
    expect(() => encodeGoceleryTask(newTask({ id: "t", task: "tasks.a", ...fields }), content)).toThrow(
      expect.objectContaining({ code: "option-invalid", fault: "local", message: expect.stringMatching(message) }),
    );
  });

  test("but not the last step of a chain", () => {
    expect(() => encodeGoceleryTask(newTask({ id: "t", task: "a", chain: [] }), content)).not.toThrow();
  });
});
