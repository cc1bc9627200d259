/* eslint-disable unicorn/no-thenable, typescript/only-throw-error, typescript/unbound-method -- odd values are the matter of this file */
import { runInNewContext } from "node:vm";
import { Decimal, PythonError } from "@leveret/celery-protocol";
import { defineTask } from "@leveret/celery-amqp";

// Values that handlers throw and return, from odd to hostile. Children load this file as the pool's module.

/** What a caller sees of it: a Python exception for `throws`, a success or the exception for `returns`. */
export interface Strange {
  readonly make: () => unknown;
  /** `SUCCESS`, or the type of the exception. */
  readonly ends: string;
  /** What the message of the exception holds. */
  readonly says?: string;
}

const boom = (): never => {
  throw new Error("a trap");
};

/** A Proxy all of whose traps throw. */
function trapping(target: object): object {
  const traps = Object.getOwnPropertyNames(Reflect).map((name) => [name, boom]);
  return new Proxy(target, Object.fromEntries(traps) as ProxyHandler<object>);
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function withField(field: string, descriptor: PropertyDescriptor, error: object = new Error("boom")): object {
  return Object.defineProperty(error, field, { configurable: true, ...descriptor });
}

const { prepareStackTrace } = Error;

function brokenStacks(): Error {
  Error.prepareStackTrace = boom;
  setImmediate(() => {
    if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
    else Error.prepareStackTrace = prepareStackTrace;
  });
  return new Error("no stack");
}

function chainOf(causes: number): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // their stacks are not what takes long
  let error = new Error("the first");
  for (let left = causes; left > 0; left -= 1) error = new Error(`above ${left}`, { cause: error });
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

function circular(): Error {
  const [one, other] = [new Error("one"), new Error("other")];
  one.cause = other;
  other.cause = one;
  return one;
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let left = levels; left > 0; left -= 1) value = { value };
  return value;
}

function holdingItself(): unknown {
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  return loop;
}

class Odd {
  readonly #secret = 1;
  get secret(): number {
    return this.#secret;
  }
}

class Denied extends Error {
  override readonly name = "PermissionDenied";
}

const long = "x".repeat(2_000_000);

/** What is thrown. */
export const thrown: Readonly<Record<string, Strange>> = {
  "an Error": { make: () => new Error("boom"), ends: "Exception", says: "boom" },
  "a TypeError": { make: () => new TypeError("boom"), ends: "TypeError", says: "boom" },
  "a class of its own": { make: () => new Denied("no"), ends: "PermissionDenied", says: "no" },
  "a PythonError": {
    make: () => new PythonError("PaymentError", [402], "shop.errors"),
    ends: "PaymentError",
    says: "402",
  },
  "a PythonError with a decimal": { make: () => new PythonError("E", [new Decimal("1.50")]), ends: "E", says: "1.50" },
  "a PythonError with a Map": { make: () => new PythonError("E", [new Map([[1, 2]])]), ends: "E" },
  "a PythonError with a Proxy": { make: () => new PythonError("E", [trapping({}), 2]), ends: "E" },
  "pythonArgs that are a revoked Proxy": {
    make: () => Object.assign(new Error("boom"), { pythonType: "E", pythonArgs: revoked([]) }),
    ends: "E",
    says: "boom",
  },
  "an error without a message": { make: () => new Error(), ends: "Exception" },
  "an AggregateError": {
    make: () => new AggregateError([new Error("one"), 2], "many"),
    ends: "Exception",
    says: "many",
  },
  "an AggregateError of Proxies": {
    make: () => new AggregateError([revoked({})], "many"),
    ends: "Exception",
    says: "many",
  },
  "a DOMException": { make: () => new DOMException("gone", "NotFoundError"), ends: "NotFoundError", says: "gone" },
  "an AbortError of no signal": {
    make: () => new DOMException("stop", "AbortError"),
    ends: "AbortError",
    says: "stop",
  },
  "an error of another realm": { make: () => runInNewContext("new TypeError('far')"), ends: "TypeError", says: "far" },
  "an error by hand": {
    make: () => ({ name: "Handmade", message: "by hand", stack: "none" }),
    ends: "Handmade",
    says: "by hand",
  },
  "a system error": {
    make: () => Object.assign(new Error("ENOENT: no file"), { code: "ENOENT" }),
    ends: "FileNotFoundError",
    says: "no file",
  },
  "a stack that throws": { make: () => withField("stack", { get: boom }), ends: "Exception", says: "boom" },
  "a message that throws": { make: () => withField("message", { get: boom }), ends: "Exception" },
  "a cause that throws": { make: () => withField("cause", { get: boom }), ends: "Exception", says: "boom" },
  "a name that throws": { make: () => withField("name", { get: boom }), ends: "Exception" },
  "a constructor that throws": { make: () => withField("constructor", { get: boom }), ends: "Exception", says: "boom" },
  "a field that throws": {
    make: () => withField("detail", { get: boom, enumerable: true }),
    ends: "Exception",
    says: "boom",
  },
  "all fields that throw": {
    make: () =>
      ["name", "message", "stack", "cause", "code", "pythonType"].reduce(
        (error, field) => withField(field, { get: boom }, error),
        new Error("x") as object,
      ),
    ends: "Exception",
  },
  "a stack that is an array": {
    make: () => withField("stack", { value: ["a", "b"] }),
    ends: "Exception",
    says: "boom",
  },
  "a message that is an object": { make: () => withField("message", { value: { a: 1 } }), ends: "Exception" },
  "a message that is a symbol": { make: () => withField("message", { value: Symbol("m") }), ends: "Exception" },
  "a name that is a number": { make: () => withField("name", { value: 5 }), ends: "Exception", says: "boom" },
  "a name of megabytes": { make: () => withField("name", { value: long }), ends: "x" },
  "a message of megabytes": { make: () => new Error(long), ends: "Exception", says: "xxx" },
  "a stack of megabytes": { make: () => withField("stack", { value: long }), ends: "Exception", says: "boom" },
  "a field of megabytes": {
    make: () => Object.assign(new Error("boom"), { body: long, list: [long, long] }),
    ends: "Exception",
    says: "boom",
  },
  "a broken Error.prepareStackTrace": { make: brokenStacks, ends: "Exception", says: "no stack" },
  "a circular cause": { make: circular, ends: "Exception", says: "one" },
  "its own cause": {
    make: () => {
      const error = new Error("self");
      error.cause = error;
      return error;
    },
    ends: "Exception",
    says: "self",
  },
  "100 000 causes": { make: () => chainOf(100_000), ends: "Exception", says: "above 1" },
  "a cause that is a revoked Proxy": {
    make: () => new Error("boom", { cause: revoked({}) }),
    ends: "Exception",
    says: "boom",
  },
  "a frozen error": { make: () => Object.freeze(new Error("cold")), ends: "Exception", says: "cold" },
  "an error without a prototype": {
    make: () => Object.setPrototypeOf(new Error("bare"), null) as unknown,
    ends: "Exception",
  },
  "fields with functions and sockets": {
    make: () => Object.assign(new Error("boom"), { request: boom, at: Symbol("s"), n: 10n ** 50n }),
    ends: "Exception",
    says: "boom",
  },
  "a revoked Proxy": { make: () => revoked({}), ends: "Exception" },
  "a revoked Proxy of an error": { make: () => revoked(new Error("gone")), ends: "Exception" },
  "a revoked Proxy of a function": { make: () => revoked(() => {}), ends: "Exception" },
  "a trapping Proxy": { make: () => trapping({}), ends: "Exception" },
  "a trapping Proxy of an error": { make: () => trapping(new Error("gone")), ends: "Exception" },
  "a trapping Proxy of an array": { make: () => trapping([1]), ends: "Exception" },
  "a toString that throws": { make: () => ({ toString: boom, [Symbol.toPrimitive]: boom }), ends: "Exception" },
  "a toJSON that throws": { make: () => ({ toJSON: boom }), ends: "Exception" },
  "a toJSON without end": {
    make: () => {
      const self = { toJSON: (): unknown => ({ again: self }) };
      return self;
    },
    ends: "Exception",
  },
  undefined: { make: () => undefined, ends: "Exception" },
  null: { make: () => null, ends: "Exception" },
  "a string": { make: () => "only words", ends: "Exception", says: "only words" },
  "an empty string": { make: () => "", ends: "Exception" },
  "a string of megabytes": { make: () => long, ends: "Exception", says: "xxx" },
  "a number": { make: () => 42, ends: "Exception", says: "42" },
  "not a number": { make: () => Number.NaN, ends: "Exception" },
  "a bigint": { make: () => 2n ** 70n, ends: "Exception" },
  "a bigint of a million digits": { make: () => 1n << 3_000_000n, ends: "Exception" },
  "a boolean": { make: () => false, ends: "Exception" },
  "a symbol": { make: () => Symbol("s"), ends: "Exception" },
  "a function": { make: () => boom, ends: "Exception" },
  "a class": { make: () => Odd, ends: "Exception" },
  "a Promise": { make: () => Promise.resolve(1), ends: "Exception" },
  "a plain object": { make: () => ({ code: 5, list: [1, 2] }), ends: "Exception", says: "5" },
  "an object that holds itself": { make: holdingItself, ends: "Exception" },
  "an object of 10 000 levels": { make: () => nested(10_000), ends: "Exception" },
  "an array of 200 000": { make: () => Array.from({ length: 200_000 }, () => "x"), ends: "Exception" },
  "an instance": { make: () => new Odd(), ends: "Exception" },
  "a Map": { make: () => new Map([[1, 2]]), ends: "Exception" },
  "an invalid Date": { make: () => new Date(Number.NaN), ends: "Exception" },
  "a WeakRef": { make: () => new WeakRef({}), ends: "Exception" },
  "an object with the key __proto__": {
    make: () => JSON.parse('{"__proto__": {"x": 1}}') as unknown,
    ends: "Exception",
  },
};

/** What is returned. */
export const returned: Readonly<Record<string, Strange>> = {
  undefined: { make: () => undefined, ends: "SUCCESS" },
  null: { make: () => null, ends: "SUCCESS" },
  "a number": { make: () => 1.5, ends: "SUCCESS" },
  "a bigint": { make: () => 2n ** 70n, ends: "SUCCESS" },
  "a string of megabytes": { make: () => long, ends: "SUCCESS" },
  "a decimal": { make: () => new Decimal("1.50"), ends: "SUCCESS" },
  bytes: { make: () => new Uint8Array([1, 2]), ends: "SUCCESS" },
  "a Buffer": { make: () => Buffer.from("abc"), ends: "SUCCESS" },
  "a Date": { make: () => new Date(0), ends: "SUCCESS" },
  "a URL": { make: () => new URL("https://example.org/"), ends: "SUCCESS" },
  "an object without prototype": {
    make: () => Object.assign(Object.create(null) as object, { a: 1 }),
    ends: "SUCCESS",
  },
  "an object of another realm": { make: () => runInNewContext("({ a: [1] })"), ends: "SUCCESS" },
  "a key __proto__": { make: () => JSON.parse('{"__proto__": {"x": 1}}') as unknown, ends: "SUCCESS" },
  "a frozen object": { make: () => Object.freeze({ a: 1 }), ends: "SUCCESS" },
  "a getter": {
    make: () => ({
      get a() {
        return 1;
      },
    }),
    ends: "SUCCESS",
  },
  "a toJSON": { make: () => ({ toJSON: () => ({ a: 1 }) }), ends: "SUCCESS" },
  "a sparse array": {
    make: () => {
      const list: number[] = [];
      list[3] = 1;
      return list;
    },
    ends: "SUCCESS",
  },
  "a Proxy of a plain object": { make: () => new Proxy({ a: 1 }, {}), ends: "SUCCESS" },
  "a Promise of a value": { make: () => Promise.resolve(1), ends: "SUCCESS" },
  "not a number": { make: () => Number.NaN, ends: "EncodeError" },
  "infinity within": { make: () => ({ a: [Infinity] }), ends: "EncodeError" },
  "a function": { make: () => boom, ends: "EncodeError" },
  "a symbol": { make: () => Symbol("s"), ends: "EncodeError" },
  "a symbol within": { make: () => [Symbol("s")], ends: "EncodeError" },
  "a Map": { make: () => new Map([[1, 2]]), ends: "EncodeError" },
  "a Set": { make: () => new Set([1]), ends: "EncodeError" },
  "an Error": { make: () => new Error("returned"), ends: "EncodeError" },
  "an instance": { make: () => new Odd(), ends: "EncodeError" },
  "a WeakRef": { make: () => new WeakRef({}), ends: "EncodeError" },
  "a typed array of floats": { make: () => new Float64Array(2), ends: "EncodeError" },
  "a SharedArrayBuffer": { make: () => new SharedArrayBuffer(8), ends: "EncodeError" },
  "an invalid Date": { make: () => new Date(Number.NaN), ends: "EncodeError" },
  "an object that holds itself": { make: holdingItself, ends: "EncodeError" },
  "an object of 10 000 levels": { make: () => nested(10_000), ends: "EncodeError" },
  "a getter that throws": {
    make: () => ({
      get a() {
        return boom();
      },
    }),
    ends: "EncodeError",
  },
  "a getter that throws null": {
    make: () => ({
      get a() {
        throw null;
      },
    }),
    ends: "EncodeError",
  },
  "a getter that throws a revoked Proxy": {
    make: () => ({
      get a() {
        throw revoked({});
      },
    }),
    ends: "EncodeError",
  },
  "a toJSON that throws": { make: () => ({ toJSON: boom }), ends: "EncodeError" },
  "a toJSON that throws a string": {
    make: () => ({
      toJSON: () => {
        throw "words";
      },
    }),
    ends: "EncodeError",
  },
  "a toJSON without end": {
    make: () => {
      const self = { toJSON: (): unknown => ({ again: self }) };
      return self;
    },
    ends: "EncodeError",
  },
  "a toJSON that answers itself": {
    make: () => {
      const self = { toJSON: (): unknown => self };
      return self;
    },
    ends: "EncodeError",
  },
  "a Date whose toJSON throws": { make: () => Object.assign(new Date(0), { toJSON: boom }), ends: "SUCCESS" },
  "a Proxy of a Date": { make: () => new Proxy(new Date(0), {}), ends: "EncodeError" },
  "a Proxy of bytes": { make: () => new Proxy(new Uint8Array(2), {}), ends: "EncodeError" },
  "a revoked Proxy within": { make: () => ({ a: revoked({}) }), ends: "EncodeError" },
  "a revoked Proxy of an array": { make: () => [revoked([])], ends: "EncodeError" },
  "a trapping Proxy within": { make: () => [trapping({})], ends: "EncodeError" },
  "a decimal by hand": { make: () => Object.create(Decimal.prototype) as unknown, ends: "EncodeError" },
  "a then that throws": {
    make: () => ({
      get then() {
        return boom();
      },
    }),
    ends: "Exception",
    says: "a trap",
  },
  "a thenable that rejects": {
    make: () => ({ then: (_: unknown, no: (why: unknown) => void) => no("no") }),
    ends: "Exception",
    says: "no",
  },
  "a revoked Proxy": { make: () => revoked({}), ends: "TypeError" },
  "a trapping Proxy": { make: () => trapping({}), ends: "Exception", says: "a trap" },
  "a Promise that rejects with null": { make: () => Promise.reject(null), ends: "Exception" },
};

const find = (table: Readonly<Record<string, Strange>>, name: string): unknown => table[name]?.make();

export const throws = defineTask("strange.throws", {
  retry: { attempts: 1 },
  run: (_context, name: string): never => {
    throw find(thrown, name);
  },
});

export const throwsAgain = defineTask("strange.throws-again", {
  retry: { attempts: 2, delay: 0, when: async () => true },
  run: async (_context, name: string): Promise<never> => {
    throw find(thrown, name);
  },
});

export const returns = defineTask("strange.returns", (_context, name: string) => find(returned, name));

export const returnsAgain = defineTask("strange.returns-again", {
  retry: { attempts: 2, delay: 0 },
  run: async (_context, name: string) => find(returned, name),
});

export const plain = defineTask("strange.plain", (_context, x: number) => x + 1);

/** Asks for more than may leave a child: what each came to. */
export const floods = defineTask("strange.floods", async (context) => {
  const messageOf = (error: Error): string => error.message;
  const progress = await context.progress({ long }).then(() => "stored", messageOf);
  const sent = await context.client.send(plain, long as never).then(() => "sent", messageOf);
  context.log.info("flood", { long, list: Array.from({ length: 100 }, () => long) });
  return [progress, sent, "logged"];
});
