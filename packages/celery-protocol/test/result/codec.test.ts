import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createContent } from "../../src/content/content.ts";
import { DateTime } from "../../src/content/lossless.ts";
import type { Tree } from "../../src/content/tree.ts";
import {
  decodeGroupBody,
  decodeResult,
  decodeResultBody,
  encodePerTaskResult,
  encodeResult,
  encodeResultBody,
} from "../../src/result/codec.ts";
import type { ResultMeta, WireException } from "../../src/result/meta.ts";
import { encodeResultTuple } from "../../src/result/tuple.ts";
import { arbitraryTree } from "../support/arbitrary.ts";
import { jsonMessage } from "../support/recorded.ts";
import { text } from "../support/vectors.ts";

const content = createContent();
const base = { taskId: "t-1", traceback: null, children: [], dateDone: null, extra: {} };
const success = { ...base, status: "SUCCESS", result: 42 } satisfies ResultMeta;
const boom: WireException = { type: "ValueError", module: "builtins", args: ["boom"] };
const utf8 = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** What a Python client can read: never written are the forms of celery-wire 9.9 on which it chokes. */
function written(meta: ResultMeta): Readonly<Record<string, unknown>> {
  return JSON.parse(text(encodeResult(meta, content).body)) as Record<string, unknown>;
}

function failure(exception: WireException): unknown {
  return written({ ...base, status: "FAILURE", exception })["result"];
}

function read(body: object, properties = {}): ResultMeta {
  return decodeResult(jsonMessage(body, properties), content);
}

describe("an rpc result", () => {
  test("is a transient message with the task id as correlation id", () => {
    expect({ ...encodeResult(success, content), body: null }).toEqual({
      headers: {},
      properties: {
        contentType: "application/json",
        contentEncoding: "utf-8",
        priority: 0,
        persistent: false,
        correlationId: "t-1",
      },
      body: null,
    });
  });

  test("takes the task's own correlation id and may be persistent", () => {
    const { properties } = encodeResult(success, content, { correlationId: "c-1", persistent: true });
    expect(properties).toMatchObject({ correlationId: "c-1", persistent: true });
    expect(encodeResult(success, content, { correlationId: null }).properties.correlationId).toBe("t-1");
  });

  test("of a task that returned nothing says null, for a missing result is a KeyError to Python", () => {
    expect(written({ ...success, result: undefined as unknown as Tree })).toHaveProperty("result", null);
  });

  test("names a module for every exception, for without one Python makes up a class", () => {
    expect(failure({ ...boom, module: null })).toMatchObject({ exc_module: "builtins" });
    expect(failure({ ...boom, type: "NotRegistered", module: null })).toMatchObject({
      exc_module: "celery.exceptions",
    });
    expect(failure({ ...boom, type: "ShopClosed", module: null })).toMatchObject({ exc_module: "javascript" });
    expect(failure({ ...boom, type: "print", module: "builtins" })).toMatchObject({ exc_module: "javascript" });
    expect(failure({ ...boom, type: "PythonFinalizationError" })).toMatchObject({ exc_module: "builtins" });
    expect(failure({ ...boom, type: "" })).toMatchObject({ exc_type: "Exception", exc_module: "builtins" });
  });

  test("puts a text in the place of arguments that cannot travel", () => {
    const args = [new Set(), () => 1, 5, undefined, Number.NaN] as unknown as readonly Tree[];
    expect(failure({ ...boom, args })).toMatchObject({ exc_message: ["<Set>", "<function >", 5, "undefined", "NaN"] });
  });

  test("of a retry may have no exception", () => {
    expect(written({ ...base, status: "RETRY", exception: null })).toMatchObject({ status: "RETRY", result: null });
  });

  test("of a value that cannot be written fails to encode, for the worker to tell", () => {
    expect(() => encodeResult({ ...success, result: new Set() as unknown as Tree }, content)).toThrow(
      expect.objectContaining({ code: "encode-failed" }),
    );
  });

  test.each<readonly [string, ResultMeta, string]>([
    ["an empty task id", { ...success, taskId: "" }, "no task id"],
    ["children that are ids", { ...success, children: ["t-2"] }, "result tuples"],
    ["a made-up state that Celery has", { ...base, status: "OTHER", state: "FAILURE", result: null }, '"FAILURE"'],
    ["an empty state", { ...base, status: "OTHER", state: "", result: null }, '""'],
  ])("with %s is refused", (_, meta, reason) => {
    for (const encode of [encodeResult, encodeResultBody]) {
      expect(() => encode(meta, content)).toThrow(
        expect.objectContaining({
          code: "option-invalid",
          fault: "local",
          message: expect.stringContaining(reason) as unknown,
        }),
      );
    }
  });
});

describe("the result in a queue of its own", () => {
  test("is written as gocelery does", () => {
    const message = encodePerTaskResult({ ...success, children: null }, content, { timestampSeconds: 1_795_343_338 });
    expect(text(message.body)).toBe(
      '{"task_id": "t-1", "status": "SUCCESS", "traceback": null, "result": 42, "children": null}',
    );
    expect(message.properties).toEqual({
      contentType: "application/json",
      contentEncoding: "utf-8",
      priority: 0,
      persistent: true,
      correlationId: "t-1",
      timestampSeconds: 1_795_343_338,
    });
  });

  test("is read as gocelery writes it", () => {
    const body = { task_id: "1111", status: "SUCCESS", traceback: null, result: 42, children: null };
    const properties = { contentType: "application/json", contentEncoding: undefined };
    expect(decodeResult(jsonMessage(body, properties), content)).toEqual({
      ...success,
      taskId: "1111",
      children: null,
    });
  });

  test("may tell a failure to those who read one", () => {
    const message = encodePerTaskResult({ ...base, status: "FAILURE", exception: boom }, content);
    expect(decodeResult(message, content)).toMatchObject({ status: "FAILURE", exception: boom });
  });

  test.each<ResultMeta>([
    { ...base, status: "STARTED", result: null },
    { ...base, status: "RETRY", exception: null },
    { ...base, status: "OTHER", state: "PROGRESS", result: null },
  ])("is never $status, for the first message is the only one read", (meta) => {
    expect(() => encodePerTaskResult(meta, content)).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });
});

describe("reading a result", () => {
  test("needs only an id and a status", () => {
    expect(read({ status: "SUCCESS", task_id: "t-1" })).toEqual({ ...success, result: null, children: null });
    expect(read({ status: "SUCCESS" }, { correlationId: "t-2" })).toMatchObject({ taskId: "t-2" });
    expect(read({ status: "SUCCESS", task_id: "" }, { correlationId: "t-2" })).toMatchObject({ taskId: "t-2" });
  });

  test("keeps what it does not know", () => {
    const body = JSON.parse('{"task_id": "t-1", "status": "SUCCESS", "result": 42, "children": [], "__proto__": 1}');
    const meta = read(body as object);
    expect(Object.keys(meta.extra)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(meta.extra)).toBe(Object.prototype);
  });

  test.each<readonly [unknown, WireException]>([
    [{ exc_type: "ValueError", exc_message: ["boom"], exc_module: "builtins" }, boom],
    [{ exc_type: "ValueError", exc_message: "boom", exc_module: "builtins" }, boom],
    [
      { exc_type: "ValueError", exc_message: null },
      { type: "ValueError", module: null, args: [] },
    ],
    [{ exc_type: "ValueError" }, { type: "ValueError", module: null, args: [] }],
    [null, { type: "Exception", module: "builtins", args: [] }],
    [{}, { type: "Exception", module: "builtins", args: [] }],
    ["boom", { type: "Exception", module: "builtins", args: ["boom"] }],
    [{ exc_type: 5 }, { type: "Exception", module: "builtins", args: [{ exc_type: 5 }] }],
  ])("of a failure with %j tells an exception, so that nobody waits in vain", (result, exception) => {
    expect(read({ task_id: "t-1", status: "FAILURE", result })).toMatchObject({ status: "FAILURE", exception });
  });

  test("of a revoked task and of a retry without exception", () => {
    const revoked = { type: "TaskRevokedError", module: "celery.exceptions", args: ["revoked"] };
    expect(read({ task_id: "t-1", status: "REVOKED" })).toMatchObject({ status: "REVOKED", exception: revoked });
    expect(read({ task_id: "t-1", status: "RETRY", result: null })).toMatchObject({ status: "RETRY", exception: null });
    expect(read({ task_id: "t-1", status: "RETRY", result: "late" })).toMatchObject({
      exception: { type: "Exception", args: ["late"] },
    });
  });

  test("of a state it does not know leaves it as it is: not ready", () => {
    expect(read({ task_id: "t-1", status: "success", result: 1 })).toMatchObject({
      status: "OTHER",
      state: "success",
      result: 1,
    });
  });

  test("reads typed values", () => {
    const result = { __type__: "datetime", __value__: "2024-05-06T07:08:09+00:00" };
    expect(read({ task_id: "t-1", status: "SUCCESS", result })).toMatchObject({
      result: new DateTime("2024-05-06T07:08:09+00:00"),
    });
  });

  test.each([
    [[]],
    ["text"],
    [null],
    [{}],
    [{ status: "SUCCESS" }],
    [{ task_id: "t-1" }],
    [{ task_id: "t-1", status: 5 }],
  ])("of %j is refused", (body) => {
    expect(() => decodeResult(jsonMessage(body), content)).toThrow(
      expect.objectContaining({ code: "message-invalid", fault: "remote" }),
    );
  });
});

describe("a stored result", () => {
  test("has Celery's keys in Celery's order, and strangers behind them", () => {
    const extra = { monitor: "abc", queue: "celery", name: "demo.add", group_id: "g-1", status: "ours", task_id: "x" };
    expect(text(encodeResultBody({ ...success, dateDone: "2026-11-22T10:33:57+00:00", extra }, content))).toBe(
      '{"status": "SUCCESS", "result": 42, "traceback": null, "children": [], "date_done": "2026-11-22T10:33:57+00:00", "group_id": "g-1", "name": "demo.add", "queue": "celery", "monitor": "abc", "task_id": "t-1"}',
    );
  });

  test("without an id has the one in its key", () => {
    const body = utf8({ task_id: "", status: "SUCCESS", traceback: null, result: 42, children: null });
    expect(decodeResultBody(body, content, { taskId: "t-1" })).toEqual({ ...success, children: null });
    expect(() => decodeResultBody(body, content)).toThrow(expect.objectContaining({ code: "message-invalid" }));
  });

  test("of another serializer is read where the store says so", () => {
    expect(() => decodeResultBody(utf8({}), content, { contentType: "application/x-yaml" })).toThrow(
      expect.objectContaining({ code: "content-refused" }),
    );
  });

  test("that is a group is none of a task, and the other way round", () => {
    const group = utf8({ result: [["g-1", null], [[["t-1", null], null]]] });
    expect(() => decodeResultBody(group, content)).toThrow(expect.objectContaining({ code: "message-invalid" }));
    expect(() => decodeGroupBody(utf8([]), content)).toThrow(expect.objectContaining({ code: "message-invalid" }));
    expect(() => decodeGroupBody(utf8({}), content)).toThrow(expect.objectContaining({ code: "message-invalid" }));
  });
});

describe("every result comes back as it was written", () => {
  const exception: fc.Arbitrary<WireException> = fc.record({
    type: fc.string({ minLength: 1 }),
    module: fc.string({ minLength: 1 }).filter((module) => module !== "builtins"),
    args: fc.array(arbitraryTree),
  });
  const child = fc.string().map((id) => encodeResultTuple({ id, parent: null, members: null }));
  const common = {
    taskId: fc.string({ minLength: 1 }),
    traceback: fc.option(fc.string()),
    children: fc.option(fc.array(child)),
    dateDone: fc.option(fc.string()),
    extra: fc.dictionary(
      fc.string().filter((key) => !/^(?:status|result|traceback|children|date_done|task_id)$/.test(key)),
      arbitraryTree,
      { noNullPrototype: true },
    ),
  };
  const state = fc.string({ minLength: 1 }).filter((name) => !/^(?:SUCCESS|FAILURE|REVOKED|RETRY|STARTED)$/.test(name));
  const meta: fc.Arbitrary<ResultMeta> = fc.oneof(
    fc.record({ ...common, status: fc.constantFrom("SUCCESS" as const, "STARTED" as const), result: arbitraryTree }),
    fc.record({ ...common, status: fc.constantFrom("FAILURE" as const, "REVOKED" as const), exception }),
    fc.record({ ...common, status: fc.constant("RETRY" as const), exception: fc.option(exception) }),
    fc.record({ ...common, status: fc.constant("OTHER" as const), state, result: arbitraryTree }),
  );

  test("over rpc, but for what rpc does not carry", () => {
    fc.assert(
      fc.property(meta, (each) => {
        expect(decodeResult(encodeResult(each, content), content)).toEqual({ ...each, dateDone: null, extra: {} });
      }),
    );
  });

  test("in a store", () => {
    fc.assert(
      fc.property(meta, (each) => {
        expect(decodeResultBody(encodeResultBody(each, content), content)).toEqual(each);
      }),
    );
  });
});
