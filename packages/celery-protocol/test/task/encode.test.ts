import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import type { Compressor } from "../../src/content/serializer.ts";
import type { Tree } from "../../src/content/tree.ts";
import { decodeTask } from "../../src/task/decode.ts";
import { encodeTask } from "../../src/task/encode.ts";
import { expirationMs, newTask } from "../../src/task/new-task.ts";
import type { WireSignature } from "../../src/task/signature.ts";
import { parseIso } from "../../src/time/iso8601.ts";
import { text } from "../support/vectors.ts";

const mirror: Compressor = {
  contentType: "application/x-mirror",
  aliases: ["mirror"],
  compress: (body) => body.toReversed(),
  decompress: (body) => body.toReversed(),
};
const content = createContent({ compressors: [mirror] });

const signature = (task: string, options: WireSignature["options"] = {}): WireSignature => ({
  task,
  args: [],
  kwargs: {},
  options,
  subtaskType: null,
  immutable: false,
  extra: {},
});

describe("a new task", () => {
  const message = encodeTask(newTask({ id: "t-1", task: "tasks.add", args: [2, 3], origin: "gen1@host" }), content);

  test("carries every header Celery sends, in its order", () => {
    expect(Object.entries(message.headers)).toEqual([
      ["lang", "js"],
      ["task", "tasks.add"],
      ["id", "t-1"],
      ["shadow", null],
      ["eta", null],
      ["expires", null],
      ["group", null],
      ["group_index", null],
      ["retries", 0],
      ["timelimit", [null, null]],
      ["root_id", "t-1"],
      ["parent_id", null],
      ["argsrepr", "(2, 3)"],
      ["kwargsrepr", "{}"],
      ["origin", "gen1@host"],
      ["ignore_result", false],
      ["replaced_task_nesting", 0],
      ["stamped_headers", null],
      ["stamps", {}],
    ]);
  });

  test("is JSON as Python writes it, persistent, and answered under its id", () => {
    expect(text(message.body)).toBe(
      '[[2, 3], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]',
    );
    expect(message.properties).toEqual({
      contentType: "application/json",
      contentEncoding: "utf-8",
      correlationId: "t-1",
      persistent: true,
    });
  });
});

test("custom headers follow Celery's own and may replace them; compression comes last", () => {
  const extraHeaders = { "x-tenant": "acme", lang: "elvish" };
  const { headers, body } = encodeTask(newTask({ id: "t", task: "a", compression: "mirror", extraHeaders }), content);
  expect(Object.keys(headers).slice(-2)).toEqual(["x-tenant", "compression"]);
  expect(headers).toMatchObject({ lang: "elvish", compression: "application/x-mirror" });
  expect(decodeTask({ headers, properties: { contentType: "application/json" }, body }, content)).toMatchObject({
    extraHeaders: { "x-tenant": "acme" },
    compression: "application/x-mirror",
    lang: "elvish",
  });
});

test("a header named __proto__ stays a header", () => {
  const extraHeaders = JSON.parse('{"__proto__": {"admin": true}}') as Record<string, unknown>;
  const { headers, properties, body } = encodeTask(newTask({ id: "t", task: "a", extraHeaders }), content);
  expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  expect(Object.keys(decodeTask({ headers, properties, body }, content).extraHeaders)).toEqual(["__proto__"]);
});

test("what nobody decided about the result is left to the task's own policy", () => {
  const { headers } = encodeTask(newTask({ id: "t", task: "a", ignoreResult: null }), content);
  expect(Object.keys(headers)).not.toContain("ignore_result");
});

test("a task without root is its own, and of no language it is ours", () => {
  const { headers } = encodeTask(newTask({ id: "t", task: "a", rootId: null, lang: null }), content);
  expect(headers).toMatchObject({ root_id: "t", lang: "js" });
});

test("a sender's own text for the arguments is kept", () => {
  const { headers } = encodeTask(newTask({ id: "t", task: "a", argsRepr: "(***)", kwargsRepr: "{***}" }), content);
  expect(headers).toMatchObject({ argsrepr: "(***)", kwargsrepr: "{***}" });
});

test("arguments of any size fit: only their text is cut", () => {
  const { headers, body } = encodeTask(newTask({ id: "t", task: "a", args: ["x".repeat(1_000_000)] }), content);
  expect(String(headers["argsrepr"]).length).toBeLessThan(1100);
  expect(body.length).toBeGreaterThan(1_000_000);
});

test.each([1, 2] as const)("protocol %d refuses headers that no connection carries", (protocol) => {
  const extraHeaders = { big: "x".repeat(70_000) };
  expect(() => encodeTask(newTask({ id: "t", task: "a", protocol, extraHeaders }), content)).toThrow(
    expect.objectContaining({ code: "headers-too-large", message: expect.stringContaining("big") }),
  );
});

test("arguments that cannot be sent are refused", () => {
  const args = [new Set()] as unknown as readonly Tree[];
  expect(() => encodeTask(newTask({ id: "t", task: "a", args }), content)).toThrow(
    expect.objectContaining({ code: "encode-failed", fault: "local" }),
  );
});

describe("protocol 1", () => {
  test("is one object in Celery's order, with custom headers only", () => {
    const task = newTask({ id: "t", task: "a", protocol: 1, group: "g", groupIndex: 2, extraHeaders: { x: 1 } });
    const { headers, body } = encodeTask(task, content);
    expect(headers).toEqual({ x: 1 });
    expect(text(body)).toBe(
      '{"task": "a", "id": "t", "args": [], "kwargs": {}, "group": "g", "group_index": 2, "retries": 0, ' +
        '"eta": null, "expires": null, "utc": true, "callbacks": null, "errbacks": null, "timelimit": [null, null], ' +
        '"taskset": "g", "chord": null}',
    );
  });

  test("says its compression in the headers", () => {
    const { headers } = encodeTask(newTask({ id: "t", task: "a", protocol: 1, compression: "mirror" }), content);
    expect(headers).toEqual({ compression: "application/x-mirror" });
  });

  test("turns the rest of a chain into nested links behind the callbacks", () => {
    const chain = [signature("third"), signature("second", { link: [signature("own")] as unknown as Tree })];
    const task = newTask({ id: "t", task: "first", protocol: 1, callbacks: [signature("callback")], chain });
    const { callbacks } = JSON.parse(text(encodeTask(task, content).body)) as {
      callbacks: readonly { task: string; options: { link: readonly { task: string }[] } }[];
    };
    expect(callbacks.map((each) => each.task)).toEqual(["callback", "second"]);
    expect(callbacks[1]?.options.link.map((each) => each.task)).toEqual(["own", "third"]);
  });

  test("nests a chain as deep as it is long", () => {
    const chain = ["d", "c", "b"].map((task) => signature(task));
    const body = text(encodeTask(newTask({ id: "t", task: "a", protocol: 1, chain }), content).body);
    expect(body.match(/"task": "[b-d]"/g)).toEqual(['"task": "b"', '"task": "c"', '"task": "d"']);
    expect(body).toContain(']}, "subtask_type": null, "immutable": false}]}, "subtask_type": null');
  });

  test("takes a single signature as a link, as Celery does", () => {
    const chain = [signature("third"), signature("second", { link: signature("own") as unknown as Tree })];
    const body = text(encodeTask(newTask({ id: "t", task: "first", protocol: 1, chain }), content).body);
    expect(body).toContain('"link": [{"task": "own"');
  });

  test("carries errbacks and a chord", () => {
    const task = newTask({ id: "t", task: "a", protocol: 1, errbacks: [signature("e")], chord: signature("c") });
    const message = encodeTask(task, content);
    expect(decodeTask(message, content)).toMatchObject({ errbacks: [{ task: "e" }], chord: { task: "c" } });
  });
});

test.each([
  ["2024-05-06T07:08:10+00:00", 1000],
  ["2024-05-06T07:08:09.0019+00:00", 1],
  ["2024-05-06T07:08:08+00:00", 0],
])("a task that expires at %s lives %d ms in the queue", (expires, milliseconds) => {
  expect(expirationMs(parseIso(expires), Date.parse("2024-05-06T07:08:09Z"))).toBe(milliseconds);
});
