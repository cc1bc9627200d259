import { describe, expect, test } from "vitest";
import {
  broadcastQueue,
  controlQueue,
  controlReplyQueue,
  deadQueue,
  eventQueue,
  perTaskResultQueue,
  rpcReplyQueue,
  taskQueue,
  workerDirectQueue,
} from "../../src/routing/names.ts";
import type { QueueTopology } from "../../src/routing/topology.ts";
import { declarations } from "../support/declarations.ts";

const uuid = "f1bc5813-981d-3197-b80a-3a14fdb5b0eb";

describe("declarations are those of Celery", () => {
  test.each<readonly [string, QueueTopology, string]>([
    ["the default task queue", taskQueue("celery"), "task-conf/conf-confirm"],
    ["a queue of a route", taskQueue("emails"), "task-conf/conf-route.1"],
    ["a quorum queue", taskQueue("qq", { queueType: "quorum" }), "task-conf/conf-quorum"],
    ["a priority queue", taskQueue("prio", { maxPriority: 10 }), "task-conf/conf-max-priority"],
    [
      "a quorum queue on a topic exchange",
      taskQueue("newone", { queueType: "quorum", exchangeType: "topic" }),
      "task-conf/conf-quorum-missing",
    ],
    [
      "a queue on a topic exchange with a key of its own",
      taskQueue("tq", { exchange: "tasks", exchangeType: "topic", routingKey: "task.default" }),
      "task-conf/conf-exchange-topic-default",
    ],
    ["an rpc reply queue", rpcReplyQueue("b69ad714-f423-3bff-818e-6f2fd9b4c1a3"), "task-conf/conf-confirm"],
    ["a worker's control queue", controlQueue("w1@lab"), "flow/worker-startup-rpc"],
    ["a control reply queue", controlReplyQueue(uuid), "flow/worker-startup-rpc"],
    [
      "the event queue of gossip",
      eventQueue("2379e4b4-c69f-4192-aa0c-dd64bc6d5b86", { pattern: "worker.#" }),
      "flow/worker-startup-rpc",
    ],
  ])("%s", (_, topology, vector) => {
    const sent = declarations(vector);
    for (const exchange of topology.exchanges) expect(sent.exchanges).toContainEqual(exchange);
    for (const queue of topology.queues) expect(sent.queues).toContainEqual(queue);
    for (const binding of topology.bindings) expect(sent.bindings).toContainEqual(binding);
    expect(topology.queues.map(({ name }) => name)).toEqual([topology.queue]);
  });
});

describe("other queues", () => {
  test("a classic queue by name carries no arguments, like the default", () => {
    expect(taskQueue("celery", { queueType: "classic" })).toEqual(taskQueue("celery"));
  });

  test("arguments of one's own win", () => {
    const { queues } = taskQueue("q", {
      queueType: "quorum",
      arguments: { "x-queue-type": "stream", "x-max-age": "1D" },
    });
    expect(queues[0]?.arguments).toEqual({ "x-queue-type": "stream", "x-max-age": "1D" });
  });

  test("the queue of one task's result is named without dashes", () => {
    expect(perTaskResultQueue(uuid)).toEqual({
      queue: "f1bc5813981d3197b80a3a14fdb5b0eb",
      exchanges: [],
      queues: [
        {
          name: "f1bc5813981d3197b80a3a14fdb5b0eb",
          durable: true,
          autoDelete: true,
          exclusive: false,
          arguments: { "x-expires": 86_400_000 },
        },
      ],
      bindings: [],
    });
  });

  test("a worker's own queue is bound by the worker's name", () => {
    expect(workerDirectQueue("w1@lab")).toEqual({
      queue: "w1@lab.dq2",
      exchanges: [{ name: "C.dq2", type: "direct", durable: true, autoDelete: false }],
      queues: [{ name: "w1@lab.dq2", durable: true, autoDelete: false, exclusive: false }],
      bindings: [{ source: "C.dq2", destination: "w1@lab.dq2", destinationType: "queue", routingKey: "w1@lab" }],
    });
  });

  test("a broadcast queue belongs to one worker on a fanout exchange", () => {
    expect(broadcastQueue("news", "1")).toEqual({
      queue: "bcast.1",
      exchanges: [{ name: "news", type: "fanout", durable: true, autoDelete: false }],
      queues: [{ name: "bcast.1", durable: true, autoDelete: true, exclusive: false }],
      bindings: [{ source: "news", destination: "bcast.1", destinationType: "queue", routingKey: "celery" }],
    });
  });

  test("an event queue takes all events unless told", () => {
    const { queue, bindings, exchanges } = eventQueue("1", { prefix: "monitor", exchange: "ev" });
    expect([queue, bindings[0]?.routingKey, exchanges[0]?.name]).toEqual(["monitor.1", "#", "ev"]);
  });

  test("a reply queue lives as long as results do", () => {
    expect(rpcReplyQueue("r", 1_000).queues[0]?.arguments).toEqual({ "x-expires": 1_000 });
  });

  test("a dead queue is replicated and bounded by age and length", () => {
    expect(deadQueue("celery").queues).toEqual([
      {
        name: "celery.dead",
        durable: true,
        autoDelete: false,
        exclusive: false,
        arguments: { "x-queue-type": "quorum", "x-message-ttl": 1_209_600_000, "x-max-length": 100_000 },
      },
    ]);
    expect(deadQueue("q", { maxAgeMs: 5, maxLength: 6 }).queues[0]?.arguments).toMatchObject({
      "x-message-ttl": 5,
      "x-max-length": 6,
    });
  });
});
