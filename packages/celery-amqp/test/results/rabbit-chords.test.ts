import { createContent, type ResultMeta } from "@leveret/celery-protocol";
import { signature } from "@leveret/celery-protocol/canvas";
import { describe, expect, test } from "vitest";
import { assembleClient } from "../../src/client/client.ts";
import { resolveClient } from "../../src/client/options.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { RabbitChords } from "../../src/results/rabbit-chords.ts";
import { systemClock, systemIds } from "../../src/system/clock.ts";
import { chord } from "../../src/task/canvas.ts";
import { defineTask } from "../../src/task/definition.ts";
import { createMemoryBroker, createMemoryTransport, type MemoryBroker, testCelery } from "../../src/testing.ts";
import { resolveWorker } from "../../src/worker/options/worker.ts";

const body = signature("body");
const content = createContent();

interface Counting {
  readonly chords: RabbitChords;
  /** How many messages each reading of a log had. */
  readonly reads: number[];
}

async function counting(broker: MemoryBroker, bodyBytes?: number): Promise<Counting> {
  const transport: Transport = createMemoryTransport({ broker });
  await transport.connect();
  const reads: number[] = [];
  const browse = transport.browse.bind(transport);
  transport.browse = async (options) => {
    const messages = await browse(options);
    reads.push(messages?.length ?? 0);
    return messages;
  };
  const own = bodyBytes === undefined ? content : createContent({ budget: { bodyBytes } });
  return { chords: new RabbitChords({ transport, content: own, ids: systemIds }), reads };
}

async function begin({ chords }: Counting, size: number): Promise<void> {
  const members = Array.from({ length: size }, (_, place) => ({ id: `t${place}`, parent: null, members: null }));
  const header = { id: "g", parent: null, members };
  await chords.apply({ groupId: "g", body, header, interval: null, maxRetries: null });
  await chords.setSize("g", size);
}

async function bring({ chords }: Counting, place: number, result: string = "r") {
  const taskId = `t${place}`;
  const meta: ResultMeta = {
    taskId,
    status: "SUCCESS",
    result,
    traceback: null,
    children: [],
    dateDone: null,
    extra: {},
  };
  return chords.addPart({ taskId, groupId: "g", groupIndex: place, body }, meta);
}

describe("chords on the broker alone", () => {
  test("are read at the first part of a worker and at the end, however many parts there are", async () => {
    const broker = createMemoryBroker();
    const workers = [await counting(broker), await counting(broker)] as const;
    await begin(workers[0], 200);
    const states = [];
    for (let place = 0; place < 200; place += 1) {
      const worker = workers[place % 2 === 0 ? 0 : 1];
      states.push((await bring(worker, place)).state);
    }
    expect(states.filter((state) => state === "complete")).toHaveLength(1);
    expect(states.at(-1)).toBe("complete");
    expect(workers.map(({ reads }) => reads)).toEqual([
      [3, 201],
      [4, 202],
    ]);
    await workers[1].chords.finish("g");
    expect(broker.queues()).toEqual([]);
  });

  test("parts that one worker brings at once are looked for together", async () => {
    const worker = await counting(createMemoryBroker());
    await begin(worker, 100);
    const brought = await Promise.all(Array.from({ length: 100 }, (_, place) => bring(worker, place)));
    expect(brought.filter(({ state }) => state === "complete")).toHaveLength(1);
    expect(worker.reads.length).toBeLessThan(5);
  });

  test("a part that comes when the chord has ended, or was never begun, ends nothing", async () => {
    const broker = createMemoryBroker();
    const worker = await counting(broker);
    expect(await bring(worker, 0)).toEqual({ state: "waiting" });
    await worker.chords.extend("g", 1);
    expect(broker.queues()).toEqual([]);
  });

  test("the end is told again by another worker when the first one died with it", async () => {
    const broker = createMemoryBroker();
    const [dead, next] = [await counting(broker), await counting(broker)];
    await begin(dead, 2);
    await bring(dead, 0);
    expect((await bring(dead, 1)).state).toBe("complete");
    expect((await bring(next, 0)).state).toBe("waiting");
    expect(await bring(next, 1, "of another run")).toEqual({ state: "complete", results: ["r", "r"] });
  });

  test("a part may be brought again after a loss of the connection, whatever became of it", async () => {
    const broker = createMemoryBroker();
    const worker = await counting(broker);
    await begin(worker, 1);
    broker.holdConfirms();
    const brought = bring(worker, 0);
    broker.drop();
    broker.releaseConfirms();
    await Promise.allSettled([brought]);
    expect((await bring(worker, 0)).state).toBe("complete");
  });

  test("a part that cannot be read here fails the chord", async () => {
    const broker = createMemoryBroker();
    const worker = await counting(broker);
    const narrow = await counting(broker, 64);
    await begin(worker, 2);
    await bring(worker, 0, "x".repeat(1_000));
    expect(await bring(narrow, 1)).toMatchObject({ state: "failed", exception: { type: "ChordError" } });
  });

  test("a log that nobody writes to is gone after a day", async () => {
    await using celery = testCelery({ tasks: [], chords: "rabbitmq" });
    const transport = createMemoryTransport({ broker: celery.broker });
    await transport.connect();
    const chords = new RabbitChords({ transport, content, ids: systemIds });
    await chords.setSize("g", 2);
    expect(celery.broker.queues()).toContain("celery_chord.g");
    await celery.advance("25h");
    expect(celery.broker.queues()).not.toContain("celery_chord.g");
  });
});

describe("the option `chords`", () => {
  test("connects a client that is not connected yet, whose result nobody awaits", async () => {
    const broker = createMemoryBroker();
    const transport = createMemoryTransport({ broker });
    const options = resolveClient({ chords: "rabbitmq" });
    const client = assembleClient({ transport, clock: systemClock, ids: systemIds, origin: "me", pid: 1, options });
    const add = defineTask<(x: number) => number>("add");
    const sum = defineTask<(items: readonly number[]) => number>("sum");
    await client.send(chord([add.s(1), add.s(2)], sum.s()).with({ ignoreResult: true }));
    const log = broker.queues().find((name) => name.startsWith("celery_chord.")) ?? "";
    expect(broker.messages(log).map(({ properties }) => properties.type)).toEqual(["chord-begun", "chord-size"]);
    await client.close();
  });

  test("is refused where it says something else", () => {
    const chords = "redis" as "rabbitmq";
    const refusal = expect.objectContaining({ code: "option-invalid", message: expect.stringContaining("chords") });
    expect(() => resolveClient({ chords })).toThrow(refusal);
    expect(() => resolveWorker({ tasks: [], chords })).toThrow(refusal);
  });
});
