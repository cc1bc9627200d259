import { afterEach, describe, expect, test } from "vitest";
import { defineTask } from "../../src/task/definition.ts";
import { isCautious, livesAfter } from "../../src/worker/rules/caution.ts";
import { createHarness, startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

const quorum = [{ name: "celery", type: "quorum" }] as const;
const classic = ["celery"] as const;

describe("a message that cuts the connection each time", () => {
  test.each([
    ["classic", classic],
    ["quorum", quorum],
  ] as const)("is alone in the end: %s", async (_name, queues) => {
    const runs: string[] = [];
    const cut = defineTask("demo.cut", (context) => {
      runs.push("cut");
      harness?.broker.drop();
      return context.reject({ requeue: true }); // one that ends by an ack is not run again here
    });
    const good = defineTask("demo.good", (_context, name: string) => void runs.push(name));
    harness = await startWorker([cut, good], { queues, deliveryLimit: 8, concurrency: 10 });
    const names = Array.from({ length: 20 }, (_, index) => `good-${index}`);
    for (const name of names.slice(0, 5)) await harness.send({ task: "demo.good", args: [name] });
    await harness.send({ id: "cut", task: "demo.cut" });
    for (const name of names.slice(5)) await harness.send({ task: "demo.good", args: [name] });
    await harness.clock.advance(120_000);
    expect(harness.broker.messages("celery.dead")).toMatchObject([
      { headers: { id: "cut", "x-leveret-reason": "redelivered-too-often", "x-leveret-attempts": 8 } },
    ]);
    expect(harness.broker.messages("celery")).toEqual([]);
    expect(runs.filter((name) => name === "cut")).toHaveLength(8);
    expect([...new Set(runs)].toSorted()).toEqual([...names, "cut"].toSorted());
  });

  test("before it can be read is met with a prefetch of one, until all has been well for a while", async () => {
    const good = defineTask("demo.good", () => {});
    harness = await createHarness([good], { concurrency: 10 });
    const { broker, transport, clock } = harness;
    const subscribe = transport.subscribe.bind(transport);
    const prefetches: number[] = [];
    let cuts = 0;
    transport.subscribe = (options, onDelivery) => {
      prefetches.push(options.prefetch);
      return subscribe(options, (delivery) => {
        if (delivery.message.headers["id"] !== "cut" || cuts >= 8) return onDelivery(delivery);
        cuts += 1;
        broker.drop();
      });
    };
    await harness.worker.start();
    await harness.send({ id: "cut", task: "demo.good" });
    for (let index = 0; index < 5; index += 1) await harness.send({ task: "demo.good" });
    await clock.advance(5_000);
    expect([cuts, prefetches.slice(0, 2)]).toEqual([8, [10, 1]]);
    const warning = harness.lines.find(({ message }) => message.includes("one message is taken at a time"));
    expect(warning).toMatchObject({ level: "warn", fields: { queue: "celery" } });
    expect(harness.events.filter(({ type }) => type === "taskSucceeded")).toHaveLength(6);
    expect(harness.broker.queues()).not.toContain("celery.dead");
    await clock.advance(20_000);
    expect(prefetches.slice(-1)).toEqual([9]);
  });

  test("as soon as it is delivered stays one message", async () => {
    const good = defineTask("demo.good", () => {});
    harness = await createHarness([good], { concurrency: 10 });
    const { broker, transport, clock } = harness;
    const subscribe = transport.subscribe.bind(transport);
    const inQueue: number[] = [];
    transport.subscribe = (options, onDelivery) =>
      subscribe(options, (delivery) => {
        onDelivery(delivery);
        if (inQueue.length >= 8) return;
        broker.drop();
        inQueue.push(broker.messages("celery").length);
      });
    await harness.worker.start();
    await harness.send({ task: "demo.good" });
    await clock.advance(60_000);
    expect([inQueue, broker.messages("celery")]).toEqual([[1, 1, 1, 1, 1, 1, 1, 1], []]);
  });
});

test.each<readonly [string, readonly number[], boolean]>([
  ["three short lives", [10, 20, 4_999], true],
  ["two of them", [10, 20], false],
  ["a long life among them", [10, 10, 5_000, 10], false],
])("after %s of a consumer, one message at a time: %j, %s", (_name, lives, expected) => {
  expect(isCautious(lives.reduce(livesAfter, 0))).toBe(expected);
});
