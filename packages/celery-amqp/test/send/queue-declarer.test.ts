import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import { describe, expect, test } from "vitest";
import { CeleryError, type CeleryErrorCode } from "../../src/ports/errors.ts";
import type { DeclareMode, Transport, TransportState } from "../../src/ports/transport.ts";
import { QueueDeclarer } from "../../src/send/queue-declarer.ts";
import { resolveQueues, type TaskQueue } from "../../src/send/queue-table.ts";
import type { DeclarePolicy } from "../../src/send/queues.ts";
import { defineTask } from "../../src/task/definition.ts";
import { createLab, rejection } from "../client/lab.ts";

const add = defineTask("math.add", (_context, x: number, y: number) => x + y);

/** A broker that answers declares as it is told. */
function setUp(
  answers: Partial<Record<DeclareMode, CeleryErrorCode>> = {},
  policy: DeclarePolicy = "active",
  queues: readonly TaskQueue[] = [],
) {
  const declared: [DeclareMode, BrokerTopology][] = [];
  const lines: string[] = [];
  const listeners: ((state: TransportState) => void)[] = [];
  const transport = {
    declare: async (topology: BrokerTopology, mode: DeclareMode) => {
      declared.push([mode, topology]);
      const code = answers[mode];
      if (code !== undefined) throw new CeleryError(code, `the broker says ${code}`);
    },
    onState: (listener: (state: TransportState) => void) => listeners.push(listener),
  };
  const note = (message: string): void => void lines.push(message);
  const logger = { debug: note, info: note, warn: note, error: note };
  const declarer = new QueueDeclarer({
    transport: transport as unknown as Transport,
    logger,
    queues: resolveQueues(queues),
    policy,
  });
  const reconnect = (): void => listeners.forEach((listener) => (listener("connecting"), listener("open")));
  return { declared, lines, declarer, reconnect };
}

describe("a queue", () => {
  test("is declared as Celery declares it, once in a client's life, however many send at once", async () => {
    const { declared, declarer, reconnect } = setUp();
    await Promise.all([declarer.ensure("q"), declarer.ensure("q")]);
    await declarer.ensure("q");
    expect(declared).toEqual([
      [
        "active",
        {
          queue: "q",
          exchanges: [{ name: "q", type: "direct", durable: true, autoDelete: false }],
          queues: [{ name: "q", durable: true, autoDelete: false, exclusive: false }],
          bindings: [{ source: "q", destination: "q", destinationType: "queue", routingKey: "q" }],
        },
      ],
    ]);
    reconnect();
    await declarer.ensure("q");
    expect(declared).toHaveLength(1);
    expect(declarer.forget("q")).toBe(true);
    await declarer.ensure("q");
    expect(declared).toHaveLength(2);
  });

  test("is declared as the user says where something was said", async () => {
    const { declared, declarer } = setUp({}, "active", [{ name: "q", type: "quorum" }]);
    await declarer.ensure("q");
    expect(declared[0]?.[1].queues).toMatchObject([{ arguments: { "x-queue-type": "quorum" } }]);
  });

  test.each(["queue-mismatch", "access-refused"] as const)(
    "is taken as it is after %s, and a line says so",
    async (code) => {
      const { declared, lines, declarer } = setUp({ active: code });
      await declarer.ensure("q");
      expect(declared[1]).toEqual(["passive", { exchanges: [], queues: declared[0]?.[1].queues, bindings: [] }]);
      expect(lines).toEqual(["the queue exists and is used as it is"]);
    },
  );

  test("of which something was said is not taken otherwise", async () => {
    const { declarer } = setUp({ active: "queue-mismatch" }, "active", [{ name: "q", maxPriority: 9 }]);
    expect(await rejection(declarer.ensure("q"))).toMatchObject({ code: "queue-mismatch" });
  });

  test("that is not there and may not be made ends in what the broker said first", async () => {
    const { declarer } = setUp({ active: "access-refused", passive: "not-found" });
    expect(await rejection(declarer.ensure("q"))).toMatchObject({
      code: "access-refused",
      message: expect.stringMatching(/does not exist and cannot be declared: "q".*broker says access-refused/),
    });
  });

  test.each([
    [{ active: "rpc-timeout" }, "rpc-timeout"],
    [{ active: "access-refused", passive: "connection-lost" }, "connection-lost"],
  ] as const)("whose declare fails is declared anew by the next send (%#)", async (answers, code) => {
    const { declared, declarer } = setUp(answers);
    expect(await rejection(declarer.ensure("q"))).toMatchObject({ code });
    const before = declared.length;
    await rejection(declarer.ensure("q"));
    expect(declared.length).toBe(before * 2);
  });

  test("is only asked for with passive declares, and nothing is asked with off", async () => {
    const passive = setUp({}, "passive");
    await passive.declarer.ensure("q");
    expect(passive.declared).toMatchObject([["passive", { exchanges: [], queues: [{ name: "q" }], bindings: [] }]]);
    const off = setUp({}, "off");
    await off.declarer.ensure("q");
    expect(off.declared).toEqual([]);
  });
});

describe("a queue that is deleted under a client", () => {
  test("is declared anew, once, and the message is sent again", async () => {
    const lab = createLab();
    const client = lab.client();
    await client.send(add, 1, 2);
    lab.broker.deleteQueue("celery");
    await client.send(add, 3, 4);
    expect(lab.tasks("celery")).toMatchObject([{ args: [3, 4] }]);
  });

  test.each([{ declare: "off" }, { declare: "passive" }] as const)(
    "is not made where nothing is ever made: %j",
    async (options) => {
      const lab = createLab();
      await lab.declare({
        exchanges: [],
        bindings: [],
        queues: [{ name: "celery", durable: true, autoDelete: false, exclusive: false }],
      });
      const client = lab.client(options);
      await client.send(add, 1, 2);
      lab.broker.deleteQueue("celery");
      expect(await rejection(client.send(add, 3, 4))).toMatchObject({ name: "UnroutableError", routingKey: "celery" });
      expect(lab.broker.queues()).not.toContain("celery");
    },
  );

  test("does not matter to those who name an exchange: they are told that nobody listens", async () => {
    const lab = createLab();
    await lab.declare({
      exchanges: [{ name: "x", type: "topic", durable: true, autoDelete: false }],
      queues: [],
      bindings: [],
    });
    const sent = lab.client().send(add.with({ exchange: "x", routingKey: "a.b" }), 1, 2);
    expect(await rejection(sent)).toMatchObject({ code: "unroutable", exchange: "x", routingKey: "a.b" });
  });
});
