import { describe, expect, test } from "vitest";
import { shardedQueue, type ShardedQueueOptions } from "../../../src/send/sharded-queue.ts";
import { defineTask } from "../../../src/task/definition.ts";
import { resolveNodeName, resolveWorker, type CreateWorkerOptions } from "../../../src/worker/options/worker.ts";
import { createWorker } from "../../../src/worker.ts";

const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);

describe("options of a worker", () => {
  test("have defaults", () => {
    expect(resolveWorker({ tasks: [add] })).toMatchObject({
      concurrency: 10,
      graceMs: 25_000,
      name: "celery@%h",
      deadLetter: true,
      scheduledLimit: 1_000,
      results: "rpc",
      logLevel: "info",
      logFormat: "text",
      slots: { total: 10, shared: 10, own: new Map() },
    });
  });

  test("shape queues", () => {
    const options = { tasks: [], queues: ["a", { name: "b", type: "classic", maxPriority: 5 } as const] };
    const { queues } = resolveWorker(options).queues;
    expect(queues.get("a")).toMatchObject({ isSpecified: false, topology: { queues: [{ name: "a" }] } });
    expect(queues.get("b")).toMatchObject({
      isSpecified: true,
      topology: { queues: [{ name: "b", arguments: { "x-queue-type": "classic", "x-max-priority": 5 } }] },
    });
  });

  test.each([
    ["tasks", { tasks: "all" }],
    ["concurrency", { concurrency: 0 }],
    ["concurrency", { concurrency: "8" }],
    ["concurrency", { concurrency: 1.5 }],
    ["grace", { grace: "soon" }],
    ["grace", { grace: -1 }],
    ["name", { name: 5 }],
    ["queues", { queues: [] }],
    ["queues", { queues: "celery" }],
    ["queues", { queues: [""] }],
    ["queues", { queues: [5] }],
    ["queues", { queues: ["a", "a"] }],
    ["queues", { queues: [{ name: "a", type: "stream" }] }],
    ["queues", { queues: [{ name: "a", maxPriority: 0 }] }],
    ["maxPriority", { queues: [{ name: "a", type: "quorum", maxPriority: 5 }] }],
    ["declare", { queues: [{ name: "a", declare: "maybe" }] }],
    ["concurrency", { queues: [{ name: "a", concurrency: 0 }] }],
    ["prefetch", { queues: [{ name: "a", prefetch: 70_000 }] }],
    ["consumerPriority", { queues: [{ name: "a", consumerPriority: "high" }] }],
    ["singleActiveConsumer", { queues: [{ name: "a", singleActiveConsumer: 1 }] }],
    ["exchangeType", { queues: [{ name: "a", exchangeType: "x-delayed" }] }],
    ["arguments", { queues: [{ name: "a", arguments: [] }] }],
    ["priority (unknown)", { queues: [{ name: "a", priority: 5 }] }],
    ["queues", { queues: [shardedQueue("a", 2), "a.shard-1"] }],
    ["queues", { queues: [shardedQueue("a", 2), "a"] }],
    ["concurrency", { concurrency: 2, queues: ["a", { name: "b", concurrency: 2 }] }],
    ["concurrency", { concurrency: 2, queues: [shardedQueue("a", 2, { concurrency: 3 })] }],
    ["deadLetter", { deadLetter: "yes" }],
    ["deadLetter.maxLength", { deadLetter: { maxLength: 0 } }],
    ["deadLetter.maxAge", { deadLetter: { maxAge: "long" } }],
    ["scheduledLimit", { scheduledLimit: -1 }],
    ["interceptors", { interceptors: {} }],
    ["logLevel", { logLevel: "loud" }],
    ["logFormat", { logFormat: "xml" }],
    ["logger", { logger: {} }],
    ["results", { results: "mongodb" }],
    ["defaultQueue", { defaultQueue: "" }],
    ["serializer", { serializer: 5 }],
    ["compression", { compression: 5 }],
  ])("%s: %o is refused by name", (option, wrong) => {
    const options = { tasks: [add], ...wrong } as unknown as CreateWorkerOptions;
    expect(() => resolveWorker(options)).toThrow(
      expect.objectContaining({ code: "option-invalid", message: expect.stringContaining(option) }),
    );
  });

  test("that nobody knows are refused, and never a password told", () => {
    const options = { tasks: [add], concurency: 4, broker: "amqp://me:secret@localhost" } as never;
    expect(() => createWorker(options)).toThrow(
      expect.objectContaining({
        code: "option-invalid",
        message: expect.stringMatching(/concurency \(unknown\)\. Did you mean `concurrency`\?/),
      }),
    );
    expect(() => createWorker(options)).not.toThrow(/secret/);
  });

  test.each([
    ["celery@%h", "celery@box.example.com"],
    ["images", "celery@images"],
    ["images@%h", "images@box.example.com"],
    ["images@%n", "images@box"],
  ])("make a node name: %s", (name, nodeName) => {
    expect(resolveNodeName(name, "box.example.com")).toBe(nodeName);
    expect(() => resolveNodeName("%x", "box")).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });

  test("cannot name two tasks alike", () => {
    const other = defineTask("demo.add", () => 1);
    expect(() => createWorker({ tasks: [add, other] })).toThrow(expect.objectContaining({ code: "task-duplicate" }));
  });
});

describe("a sharded queue", () => {
  test.each([
    ["shards", 0, {}],
    ["shards", 1.5, {}],
    ["shards", 5_000, {}],
    ["formerShards", 4, { formerShards: 2 }],
    ["shardBy", 2, { shardBy: "key" }],
    ["exchange (unknown)", 2, { exchange: "x" }],
    ["maxPriority", 2, { type: "quorum", maxPriority: 2 }],
  ])("%s: %j, %o is refused by name", (option, shards, wrong) => {
    expect(() => shardedQueue("images", shards, wrong as unknown as ShardedQueueOptions)).toThrow(
      expect.objectContaining({ code: "option-invalid", message: expect.stringContaining(option) }),
    );
  });
});
