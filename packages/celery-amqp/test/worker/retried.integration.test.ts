import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { type AsyncResult, type Client, createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";

const retried = defineTask("retried.once", {
  parameters: ["x", "y"],
  run: (ctx, x: number, y: number) => (ctx.attempt === 1 ? ctx.retry({ in: 0, kwargs: { y: 7 } }) : x + y),
});
const moved = defineTask("retried.moved", (ctx) =>
  ctx.attempt === 1
    ? ctx.retry({ in: 0, queue: `${ctx.request.deliveryInfo?.routingKey}-other` })
    : ctx.request.deliveryInfo,
);
const rejected = defineTask("retried.rejected", (ctx) => ctx.reject({ reason: "no such customer" }));

describe("two workers on one queue", () => {
  const live: (() => Promise<unknown>)[] = [];
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost();
  });
  afterEach(async () => {
    for (const stop of live.splice(0).toReversed()) await stop();
  });
  afterAll(() => vhost.remove());

  async function start(): Promise<{ readonly client: Client; readonly queue: string }> {
    const queue = `q-${randomUUID()}`;
    const options = { broker: vhost.url, defaultQueue: queue, logLevel: "silent" } as const;
    for (const name of ["one", "two"]) {
      const queues = name === "one" ? [queue] : [queue, `${queue}-other`];
      const tasks = [retried, moved, rejected];
      const worker = createWorker({ ...options, name: `${name}@%h`, tasks, queues, concurrency: 4, events: true });
      live.push(() => worker.stop({ grace: 0 }));
      await worker.start();
    }
    const client = createClient({ broker: vhost.url, defaultQueue: queue });
    live.push(() => client.close());
    return { client, queue };
  }

  test("tell of a retry before whichever of them ends the next run", async () => {
    const { client } = await start();
    await using events = client.events({ tasks: ["retried.once"] });
    await events.opened;
    const sent: AsyncResult<number>[] = [];
    // One at a time: each retry finds a free slot at once.
    for (let x = 0; x < 30; x += 1) {
      const result = await client.send(retried, x, 0);
      sent.push(result);
      expect(await result.get()).toBe(x + 7);
    }
    const told = new Map<string, string[]>();
    let left = sent.length;
    for await (const event of events) {
      if (!("uuid" in event) || typeof event.uuid !== "string") continue;
      told.set(event.uuid, [...(told.get(event.uuid) ?? []), event.type]);
      if (event.type === "task-succeeded" && (left -= 1) === 0) break;
    }
    const ends = new Set(
      [...told.values()].map((types) => types.filter((type) => /retried|succeeded/.test(type)).join()),
    );
    expect([...ends]).toEqual(["task-retried,task-succeeded"]);
    expect(sent.map(({ state }) => state)).toEqual(sent.map(() => "SUCCESS"));
  });

  test("run a retry where it asks to, and tell the caller of a reject", async () => {
    const { client, queue } = await start();
    expect(await client.call(moved)).toMatchObject({ exchange: "", routingKey: `${queue}-other` });
    await expect(client.call(rejected)).rejects.toMatchObject({
      excType: "Reject",
      excArgs: ["no such customer", false],
    });
  });
});
