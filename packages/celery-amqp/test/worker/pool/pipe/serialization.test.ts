import { deserialize, serialize } from "node:v8";
import { DateTime, Decimal, Float, LocalDate, LocalTime, PythonError, Uuid } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import { CeleryError, UnroutableError } from "../../../../src/ports/errors.ts";
import { TaskFailedError } from "../../../../src/task/errors.ts";
import { pack, packLeniently, unpack } from "../../../../src/worker/pool/pipe/serialization.ts";
import { SoftTimeLimitExceeded, TaskRevoked } from "../../../../src/task/stop-reasons.ts";

/** Over both borders: of a thread and of a process. */
function cross(value: unknown): unknown {
  return unpack(deserialize(serialize(structuredClone(pack(value)))));
}

class Busy extends Error {
  readonly code = "EBUSY";
}

describe("a value that crosses to a child or back", () => {
  const tampered: unknown = JSON.parse('{"__proto__": {"admin": true}, "a": 1}');

  test.each([
    ["plain values", { a: [1, -0.5, "ü", true, null], b: { c: undefined } }],
    ["bigints", [2n ** 80n, -1n]],
    ["not-a-number and infinity", [Number.NaN, -Infinity]],
    ["bytes", new Uint8Array([0, 255])],
    ["dates", new Date(1_700_000_000_000)],
    ["floats", new Float(1)],
    ["datetimes", new DateTime("2024-02-29T12:00:00.000016+02:00")],
    ["days", new LocalDate("2024-02-29")],
    ["times of day", new LocalTime("13:14:15.000016")],
    ["decimals", { price: new Decimal("12.3400") }],
    ["uuids", [new Uuid("12345678-1234-5678-1234-567812345678")]],
    ["an object with the mark itself", { "\u0000leveret": "Decimal", value: new Decimal("1") }],
    ["a key __proto__", tampered],
  ])("is the same: %s", (_, value) => {
    const crossed = cross(value);
    expect(crossed).toStrictEqual(value);
    expect(Object.prototype.hasOwnProperty.call(crossed, "__proto__")).toBe(value === tampered);
  });

  test("brings no more of a buffer along than is its own", () => {
    const view = new Uint8Array(new ArrayBuffer(1_000_000), 10, 3);
    expect((pack(view) as Uint8Array).buffer.byteLength).toBe(3);
  });

  test("is what its toJSON says where it has one", () => {
    expect(cross({ at: { toJSON: () => "text" } })).toEqual({ at: "text" });
  });

  test.each([
    ["a map", new Map(), /Object\.fromEntries/],
    ["a function", () => {}, /function/],
    ["an instance", new WeakRef({}), /class WeakRef/],
  ])("is refused as a message would refuse it: %s", (_, value, why) => {
    expect(() => pack({ value })).toThrow(why);
  });

  test("is refused where it holds itself, and shown as far as it goes where that will do", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(() => pack(loop)).toThrow(/holds itself/);
    expect(packLeniently({ loop, n: 1 })).toEqual({ loop: { self: "[circular]" }, n: 1 });
  });
});

describe("an error that crosses", () => {
  test.each([
    new TypeError("wrong"),
    new CeleryError("closed", "gone"),
    new UnroutableError("", "nowhere"),
    new PythonError("PaymentError", [402, new Decimal("1.50")], "shop.errors"),
    new SoftTimeLimitExceeded(1_500),
    new TaskRevoked("user left"),
    new TaskFailedError({ taskId: "id", excType: "E", excModule: null, excArgs: [1], traceback: null }),
  ])("keeps its class where both sides know it: $name", (error) => {
    const crossed = cross(error);
    expect(crossed).toBeInstanceOf(error.constructor);
    expect(crossed).toMatchObject({
      ...Object.fromEntries(Object.entries(error)),
      name: error.name,
      message: error.message,
      stack: error.stack,
    });
  });

  test("keeps name, code and causes where the class is its own", () => {
    const error = new Busy("again", { cause: new RangeError("deep", { cause: "text" }) });
    const crossed = cross(error) as Busy;
    expect(crossed).toBeInstanceOf(Error);
    expect(crossed).toMatchObject({ name: "Error", message: "again", code: "EBUSY", stack: error.stack });
    expect(crossed.cause).toBeInstanceOf(RangeError);
    expect((crossed.cause as Error).cause).toBe("text");
  });

  test("survives causes in a circle, and fields that cannot cross", () => {
    const error = Object.assign(new Error("round"), { socket: () => {}, depth: 1 });
    error.cause = error;
    expect(cross(error)).toMatchObject({ message: "round", depth: 1 });
  });
});
