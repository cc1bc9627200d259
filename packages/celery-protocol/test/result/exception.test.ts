import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeException, fromWireException, PythonError, toWireException } from "../../src/result/exception.ts";

const named = (name: string, message = "m", fields: object = {}): Error =>
  Object.assign(new Error(message), { name }, fields);

describe("what a handler throws", () => {
  test.each<readonly [string, unknown, string, string, readonly unknown[]]>([
    ["an Error", new Error("m"), "builtins", "Exception", ["m"]],
    ["an Error without message", new Error(""), "builtins", "Exception", []],
    ["a TypeError", new TypeError("m"), "builtins", "TypeError", ["m"]],
    ["a RangeError", new RangeError("m"), "builtins", "ValueError", ["m"]],
    ["a SyntaxError", new SyntaxError("m"), "builtins", "ValueError", ["m"]],
    ["a URIError", new URIError("m"), "builtins", "ValueError", ["m"]],
    ["a ReferenceError", new ReferenceError("m"), "builtins", "NameError", ["m"]],
    ["an EvalError", new EvalError("m"), "builtins", "RuntimeError", ["m"]],
    ["an AggregateError", new AggregateError([], "m"), "builtins", "Exception", ["m"]],
    ["a system error", named("Error", "m", { code: "ENOENT" }), "builtins", "FileNotFoundError", ["m"]],
    [
      "a refused connection",
      named("Error", "m", { code: "ECONNREFUSED" }),
      "builtins",
      "ConnectionRefusedError",
      ["m"],
    ],
    ["an unknown code", named("Error", "m", { code: "ERR_X" }), "builtins", "Exception", ["m"]],
    ["a TypeError with a code", Object.assign(new TypeError("m"), { code: "EPIPE" }), "builtins", "TypeError", ["m"]],
    ["a timeout", new DOMException("m", "TimeoutError"), "builtins", "TimeoutError", ["m"]],
    ["an error with a Python name", named("KeyError"), "builtins", "KeyError", ["m"]],
    ["an unknown task", named("NotRegistered"), "celery.exceptions", "NotRegistered", ["m"]],
    ["a spent retry", named("MaxRetriesExceededError"), "celery.exceptions", "MaxRetriesExceededError", ["m"]],
    ["a lost worker", named("WorkerLostError"), "billiard.exceptions", "WorkerLostError", ["m"]],
    ["a soft limit", named("SoftTimeLimitExceeded"), "billiard.exceptions", "SoftTimeLimitExceeded", ["m"]],
    ["an encode error", named("EncodeError"), "kombu.exceptions", "EncodeError", ["m"]],
    ["an error of one's own", named("ShopClosed"), "javascript", "ShopClosed", ["m"]],
    ["an error without a name", named(""), "builtins", "Exception", ["m"]],
    ["a PythonError", new PythonError("ValueError", "m"), "builtins", "ValueError", ["m"]],
    ["a PythonError with arguments", new PythonError("A.B", [402, "m"], "shop"), "shop", "A.B", [402, "m"]],
    ["any error that names an exception", named("E", "m", { pythonType: "KeyError" }), "builtins", "KeyError", ["m"]],
    [
      "one that names no exception",
      named("E", "m", { pythonType: "print", pythonModule: "builtins" }),
      "javascript",
      "print",
      ["m"],
    ],
    ["an object that names an exception", { pythonType: "KeyError" }, "builtins", "KeyError", []],
    ["a text", "m", "builtins", "Exception", ["m"]],
    ["a number", 42, "builtins", "Exception", [42]],
    ["null", null, "builtins", "Exception", [null]],
    ["nothing", undefined, "builtins", "Exception", []],
    ["an object", { code: 5 }, "builtins", "Exception", [{ code: 5 }]],
  ])("%s", (_, thrown, module, type, args) => {
    expect(toWireException(thrown)).toEqual({ type, module, args });
  });

  test("may be anything at all", () => {
    const hostile = new Proxy(new Error("m"), {
      get() {
        throw new Error("no");
      },
    });
    const exception = toWireException(hostile);
    expect(exception.type).toBe("Exception");
    expect(describeException(exception)).toBe("Exception(<object>)");
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(toWireException(thrown).type).not.toBe("");
      }),
    );
  });
});

describe("an exception read", () => {
  test.each<readonly [string, new (message: string) => Error]>([
    ["TypeError", TypeError],
    ["ValueError", RangeError],
    ["NameError", ReferenceError],
    ["SyntaxError", SyntaxError],
    ["KeyError", PythonError],
    ["constructor", PythonError],
  ])("%s of builtins is a JavaScript error by that name", (type, Class) => {
    const error = fromWireException({ type, module: "builtins", args: ["boom"] });
    expect(error).toBeInstanceOf(Class);
    expect([error.name, error.message, error.pythonType, error.pythonModule]).toEqual([type, "boom", type, "builtins"]);
  });

  test("of another module is a PythonError", () => {
    const error = fromWireException({ type: "TypeError", module: "shop", args: [402, { reason: "no funds" }] });
    expect(error).toBeInstanceOf(PythonError);
    expect(error.message).toBe('(402, {"reason":"no funds"})');
    expect(fromWireException({ type: "E", module: null, args: [] }).message).toBe("");
    expect(fromWireException({ type: "E", module: null, args: [5] }).message).toBe("5");
  });

  test("is the same exception again when it is thrown on", () => {
    const plain = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const exception = fc.record({
      type: fc.oneof(fc.string(), fc.constantFrom("TypeError", "ValueError")),
      module: fc.oneof(
        fc.string({ minLength: 1 }).filter((module) => module !== "builtins"),
        fc.constant("celery.exceptions"),
      ),
      args: fc.array(plain),
    });
    fc.assert(
      fc.property(exception, (each) => {
        expect(toWireException(fromWireException(each))).toEqual(each);
      }),
    );
  });
});

describe("the text of an exception", () => {
  test.each([
    [["boom"], "ValueError('boom')"],
    [[], "ValueError()"],
    [["it's"], 'ValueError("it\'s")'],
    [["both ' and \""], "ValueError('both \\' and \"')"],
    [['q"q'], "ValueError('q\"q')"],
    [["line\n"], "ValueError('line\\n')"],
    [[402, null, { a: [1] }], 'ValueError(402, null, {"a":[1]})'],
  ])("%j", (args, text) => {
    expect(describeException({ type: "ValueError", module: "builtins", args })).toBe(text);
  });

  test("is short, and never fails", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    const args = [loop, Object.create(null), new Map(), () => 1, Symbol("s"), 5n, "x".repeat(5_000)] as never[];
    const text = describeException({ type: "E", module: null, args });
    expect(text).toMatch(/^E\(<Array>, <object>, <Map>, <function [^>]*>, Symbol\(s\), 5, 'x+\.\.\.\)$/);
    expect(text.length).toBeLessThan(1_200);
  });
});
