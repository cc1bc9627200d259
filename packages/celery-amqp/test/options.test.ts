import { describe, expect, test } from "vitest";
import { resolveClient } from "../src/client/options.ts";
import { createClient, createTransport, defineTask, shardedQueue } from "../src/index.ts";
import { createMemoryBroker, createMemoryTransport } from "../src/testing.ts";
import { createWorker } from "../src/worker.ts";
import { resolveWorker } from "../src/worker/options/worker.ts";

// Every option of every public object of options, with a misspelt name and with values of no use.

const add = defineTask("add", (_ctx, x: number, y: number) => x + y);
const module = new URL("file:///tasks.js");

/** A value that fits each option; the path of an option is its names with dots between them. */
const codec = { name: "x", contentType: "x", contentEncoding: "utf-8", encode: () => null, decode: () => null };
const limits = { messages: 5, bytes: 5 };
const fleet = {
  broker: "amqp://h",
  amqp: {
    auth: "plain",
    heartbeat: 5,
    connectTimeout: 5,
    requestTimeout: 5,
    publishTimeout: 5,
    confirmTimeout: 5,
    closeTimeout: 5,
    maxInFlight: limits,
    maxWaiting: limits,
    backoff: { min: 1, max: 5, stable: 5 },
  },
  results: "amqp",
  chords: "rabbitmq",
  routes: { "a.*": { queue: "q", shards: 2, shardBy: "round-robin", priority: 3, persistent: false } },
  defaultQueue: "q",
  queues: [{ name: "q", type: "classic", maxPriority: 3, prefetch: 4, arguments: {}, exchangeType: "topic" }],
  taskDefaults: {
    priority: 3,
    expires: "1h",
    serializer: "json",
    compression: null,
    persistent: false,
    ignoreResult: false,
    timeLimit: "5m",
    softTimeLimit: "4m",
    acks: "early",
    acksOnFailure: true,
    acksOnTimeout: true,
    rejectOnWorkerLost: true,
    storeErrorsEvenIfIgnored: true,
    trackStarted: true,
    sendEvents: false,
    rateLimit: "10/s",
    retry: { attempts: 3, delay: "1s", backoff: "fixed", maxDelay: 5, jitter: false, when: () => true },
  },
  errorClasses: { E: Error },
  interceptors: [{ send: async () => {} }],
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  transport: createMemoryTransport({ broker: createMemoryBroker() }),
  clock: { now: () => 0, monotonicMs: () => 0, setTimer: () => () => {} },
  ids: { uuid: () => "", random: () => 0 },
  serializers: [codec],
  compressors: [{ contentType: "c", aliases: [], compress: () => null, decompress: () => null }],
  accept: ["json"],
  budget: { bodyBytes: 5, values: 5, signatures: 5, messages: 5, messageBytes: 5, queues: 5 },
  allowNaN: true,
};
const client = {
  ...fleet,
  name: "n",
  keepResults: { maxResults: 5, maxBytes: 5 },
  declare: "off",
  validate: false,
  taskSentEvents: true,
};
const worker = {
  ...fleet,
  tasks: [add],
  consume: ["q"],
  concurrency: 5,
  pool: "inline",
  stuckAfter: 5,
  grace: "5s",
  name: "n@%h",
  deadLetter: { maxAge: "1d", maxLength: 5 },
  deliveryLimit: 5,
  unknownTaskGrace: 5,
  inheritParentPriority: true,
  failUnfinishableChords: false,
  scheduledLimit: 5,
  cancelOnConnectionLoss: true,
  events: true,
  remoteControl: { allow: ["ping"], maxConcurrency: 5 },
  commands: { mine: () => null },
  logFormat: "json",
  logLevel: "warn",
  health: { port: 0, host: "h", file: "f", pages: { "/x": async () => ({ contentType: "", body: "" }) } },
  stateFile: "f",
};
const children = { kind: "threads", module, exports: ["a"], size: 2, maxTasksPerChild: 3, maxMemoryPerChild: "50MB" };
const task = {
  ...fleet.taskDefaults,
  persistent: undefined,
  queue: "q",
  pool: "threads",
  parameters: ["x"],
  keywords: false,
  run: () => null,
};

const owners: readonly (readonly [name: string, make: (options: never) => unknown, valid: object])[] = [
  ["client", (options) => resolveClient(options), client],
  ["worker", (options) => resolveWorker(options), worker],
  [
    "transport",
    (options) => createTransport(options),
    { broker: "amqp://h", name: "n", amqp: fleet.amqp, logger: fleet.logger },
  ],
  ["task", (options) => defineTask("t", options), task],
  [
    "pool",
    (options) => resolveWorker({ tasks: [], pool: options }),
    { ...children, startTimeout: 5, execArgv: ["-a"] },
  ],
  [
    "sharded queue",
    (options) => shardedQueue("s", 2, options),
    { shardBy: "round-robin", formerShards: 3, prefetch: 4, declare: "off" },
  ],
];

const getter = Object.defineProperty({}, "x", {
  enumerable: true,
  get() {
    throw new Error("read");
  },
});
const revocable = Proxy.revocable({}, {});
revocable.revoke();
const strange = [null, Number.NaN, "", [[]], revocable.proxy, -5, 5.5, Symbol("s"), 5n, getter];

/** Where an option takes one of the strange values, and rightly. */
const welcome: Readonly<Record<string, (value: unknown) => boolean>> = {
  broker: (value) => value === "",
  compression: (value) => value === null,
  rateLimit: (value) => value === null || value === "" || value === 5.5,
  pool: () => false,
};
const seconds = new Set(
  "stuckAfter grace unknownTaskGrace delay maxDelay timeLimit softTimeLimit expires maxAge startTimeout connectTimeout requestTimeout publishTimeout confirmTimeout closeTimeout min max stable".split(
    " ",
  ),
);
const free = new Set(["arguments", "errorClasses", "routes", "commands", "pages", "tls"]);
const bounds = new Set(["messages", "bytes"]);

function isWelcome(name: string, value: unknown): boolean {
  if (value === 5.5 && (seconds.has(name) || bounds.has(name))) return true;
  if (value === getter && ["arguments", "headers", "interceptors"].includes(name)) return true;
  return welcome[name]?.(value) ?? false;
}

/** Each object of options within an object of options, with its path. */
function* objectsOf(options: object, path: readonly string[] = []): Generator<readonly string[]> {
  if (!free.has(path.at(-1) ?? "")) yield path;
  for (const [name, value] of Object.entries(options)) {
    const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
    if (isPlain && !["logger", "clock", "ids", "transport"].includes(name)) yield* objectsOf(value, [...path, name]);
  }
}

/** Each option, with its path. */
function* optionsOf(options: object): Generator<readonly string[]> {
  for (const path of objectsOf(options)) for (const name of Object.keys(at(options, path))) yield [...path, name];
}

function at(options: object, path: readonly string[]): object {
  return path.reduce<object>((within, name) => Reflect.get(within, name) as object, options);
}

function withValue(options: object, [name = "", ...rest]: readonly string[], value: unknown): object {
  return { ...options, [name]: rest.length === 0 ? value : withValue(Reflect.get(options, name), rest, value) };
}

describe.each(owners)("options of a %s", (_, make, valid) => {
  test("that fit are taken", () => {
    expect(() => make(valid as never)).not.toThrow();
  });

  test("with a misspelt name are refused, with the path and the nearest name", () => {
    const paths = [...optionsOf(valid)].filter((path) => !free.has(path.at(-2) ?? ""));
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) {
      const name = path.at(-1) ?? "";
      const misspelt = `${name.slice(0, -1)}ß`;
      const options = withValue(valid, [...path.slice(0, -1), misspelt], 1);
      expect(() => make(options as never)).toThrow(
        expect.objectContaining({
          code: "option-invalid",
          message: expect.stringMatching(new RegExp(`${misspelt} \\(unknown\\)\\. (Did you mean|Leave it out)`)),
        }),
      );
    }
  });

  test("with a value of no use are refused by their path", () => {
    for (const path of optionsOf(valid)) {
      const name = path.at(-1) ?? "";
      for (const value of strange) {
        if (isWelcome(name, value)) continue;
        const attempt = (): unknown => make(withValue(valid, path, value) as never);
        expect(attempt).toThrow(
          expect.objectContaining({ code: "option-invalid", message: expect.stringContaining(name) }),
        );
      }
    }
  });
});

test.each([
  [{ amqp: { heartbea: 5 } }, /amqp\.heartbea \(unknown\)\. Did you mean `heartbeat`\?/],
  [{ keepResults: { maxResult: 5 } }, /keepResults\.maxResult \(unknown\)\. Did you mean `maxResults`\?/],
  [{ keepResults: { maxResults: "x" } }, /keepResults\.maxResults \("x"\)\. Give an integer from 0/],
  [{ name: 5 }, /name \(5\)/],
  [{ logger: 5 }, /logger \(5\)\. Give a logger with debug, info, warn, error/],
  [{ routes: { "a.*": { quue: "x" } } }, /routes\["a\.\*"\]\.quue \(unknown\)\. Did you mean `queue`\?/],
  [{ broker: { url: "amqp://me:secret@h" } }, /broker \(an object\)/],
])("a client of %j is refused", (options, message) => {
  expect(() => createClient(options as never)).toThrow(message);
  expect(() => createClient(options as never)).not.toThrow(/secret/);
});

test.each([
  [{ deadLetter: { maxage: "1d" } }, /deadLetter\.maxage \(unknown\)\. Did you mean `maxAge`\?/],
  [{ amqp: { backof: {} } }, /amqp\.backof \(unknown\)\. Did you mean `backoff`\?/],
  [{ logger: { error() {} } }, /logger \(an object\)\. Give a logger with debug/],
  [{ errorClasses: 5 }, /errorClasses \(5\)/],
  [{ queues: [{ name: "a", maxPrioritty: 3 }] }, /queues\[0\]\.maxPrioritty \(unknown\)/],
  [{ taskDefaults: { retry: { atempts: 3 } } }, /taskDefaults\.retry\.atempts \(unknown\)\. Did you mean `attempts`\?/],
])("a worker of %j is refused", (options, message) => {
  expect(() => createWorker({ tasks: [add], ...(options as object) })).toThrow(message);
});
