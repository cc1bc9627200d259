import { afterEach, describe, expect, test } from "vitest";
import { formatIso, type WireTime } from "@leveret/celery-protocol";
import { defineTask } from "../../src/task/definition.ts";
import { startWorker, type Harness } from "./harness.ts";

let harness: Harness | undefined;
afterEach(() => harness?.worker.stop({ grace: 0 }));

const ran: number[] = [];
const note = defineTask("demo.note", (_context, n: number) => void ran.push(n));

function at(epochMs: number): WireTime {
  return { epochMs, text: formatIso(epochMs) };
}

async function start(concurrency: number, scheduledLimit = 1_000): Promise<Harness> {
  ran.length = 0;
  harness = await startWorker([note], { concurrency, scheduledLimit });
  return harness;
}

describe("tasks with an eta", () => {
  test("run when it comes, in its order", async () => {
    const { send, clock } = await start(1);
    const now = clock.now();
    for (const n of [3, 1, 2]) await send({ task: "demo.note", args: [n], eta: at(now + n * 1000) });
    await clock.advance(999);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual([1]);
    await clock.advance(2000);
    expect(ran).toEqual([1, 2, 3]);
  });

  test("never take the place of tasks that may run now", async () => {
    const { send, clock, settle } = await start(1);
    for (let n = 0; n < 200; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 60_000) });
    await send({ task: "demo.note", args: [777] });
    await settle();
    expect(ran).toEqual([777]);
    await clock.advance(60_000);
    expect(ran).toHaveLength(201);
  });

  test("give their places back", async () => {
    const { send, clock, broker } = await start(1);
    for (let n = 0; n < 50; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 1000) });
    await clock.advance(2000);
    expect(ran).toHaveLength(50);
    expect(broker.checkQueue("celery", harness as never).consumerCount).toBe(1);
  });

  test("are held up to the limit, and that is told once", async () => {
    const { send, clock, broker, lines } = await start(2, 5);
    for (let n = 0; n < 20; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 1000) });
    await clock.advance(0);
    expect(broker.messages("celery")).toHaveLength(20 - 2 - 5);
    expect(lines.filter((line) => line.message.startsWith("no more room"))).toHaveLength(1);
    await clock.advance(3000);
    expect(ran).toHaveLength(20);
  });

  test("in the far future wait that long", async () => {
    const { send, clock } = await start(1);
    const days = 40 * 86_400_000;
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + days) });
    await clock.advance(days - 1);
    expect(ran).toEqual([]);
    await clock.advance(1);
    expect(ran).toEqual([1]);
  });

  test("that expire before it are revoked then", async () => {
    const { send, clock, results, events } = await start(1);
    const now = clock.now();
    await send({ id: "id", task: "demo.note", args: [1], eta: at(now + 2000), expires: at(now + 1000) });
    await clock.advance(2000);
    expect(ran).toEqual([]);
    expect(await results()).toMatchObject([
      { taskId: "id", status: "REVOKED", exception: { type: "TaskRevokedError", args: ["expired"] } },
    ]);
    expect(events.at(-1)).toMatchObject({ type: "taskRevoked", reason: "expired" });
  });

  test("go back to the queue when the worker stops", async () => {
    const { send, clock, broker, worker } = await start(1);
    await send({ task: "demo.note", args: [1], eta: at(clock.now() + 1000) });
    await clock.advance(0);
    await worker.stop();
    expect(broker.messages("celery")).toHaveLength(1);
  });

  test("come again after a loss, and run once each", async () => {
    const { send, clock, broker } = await start(1);
    for (let n = 0; n < 20; n += 1) await send({ task: "demo.note", args: [n], eta: at(clock.now() + 5000) });
    await clock.advance(0);
    broker.drop();
    await clock.advance(6000);
    expect(ran.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(broker.messages("celery")).toEqual([]);
  });
});
