import { defineTask } from "@leveret/celery-amqp";
import { testCelery } from "@leveret/celery-amqp/testing";
import { Registry } from "prom-client";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMetrics, type Metrics, type MetricsOptions } from "../src/index.ts";

const add = defineTask("demo.add", (_context, x: number, y: number) => x + y);
const fail = defineTask("demo.fail", (): never => {
  throw new RangeError("too far");
});
const later = defineTask("demo.later", (ctx) => (ctx.attempt === 1 ? ctx.retry({ in: "30s" }) : ctx.snooze("1h")));
const hold = defineTask("demo.hold", () => new Promise<void>(() => {}));

const target = { to: { exchange: "", routingKey: "celery" }, queue: "celery" };

function createRoom(options: MetricsOptions = {}) {
  const clock = { now: () => 0 };
  const metrics = createMetrics({ now: () => clock.now(), ...options });
  const interceptors = [metrics.interceptor];
  const celery = testCelery({
    tasks: [add, fail, later, hold],
    concurrency: 2,
    interceptors,
    client: { interceptors },
  });
  metrics.observe(celery.worker);
  metrics.observe(celery.client, "api");
  clock.now = () => celery.clock.now();
  onTestFinished(() => celery.stop());
  return { metrics, celery };
}

/** The lines of one metric, without their help. */
async function linesOf({ registry }: Metrics, name: string): Promise<readonly string[]> {
  const text = await registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

describe("metrics", () => {
  test("count what becomes of tasks", async () => {
    const { metrics, celery } = createRoom();
    await celery.client.call(add, 1, 2);
    await celery.client.call(add, 1, 2);
    await celery.run(fail, []);
    await celery.run(later, []);
    await celery.advance("1m");
    const of = (task: string, state: string, count: number) =>
      `celery_tasks_total{worker="celery@test",task="demo.${task}",state="${state}"} ${count}`;
    const lines = await linesOf(metrics, "celery_tasks_total");
    expect(new Set(lines)).toEqual(
      new Set([
        of("add", "received", 2),
        of("add", "started", 2),
        of("add", "succeeded", 2),
        of("fail", "received", 1),
        of("fail", "started", 1),
        of("fail", "failed", 1),
        of("later", "received", 2),
        of("later", "started", 2),
        of("later", "retried", 1),
        of("later", "snoozed", 1),
      ]),
    );
  });

  test("take no names from messages that nobody runs", async () => {
    const { metrics, celery } = createRoom();
    await celery.client.sendByName("made.up");
    await celery.client.sendByName("made.up.too");
    await celery.advance("1s");
    expect(await linesOf(metrics, "celery_tasks_total")).toEqual([
      'celery_tasks_total{worker="celery@test",task="unregistered",state="failed"} 2',
    ]);
    expect(await linesOf(metrics, "celery_dead_letters_total")).toEqual([
      'celery_dead_letters_total{worker="celery@test",queue="celery",reason="unregistered"} 2',
    ]);
  });

  test("time runs, and how long messages waited since they were sent or due", async () => {
    const { metrics, celery } = createRoom();
    await celery.advance(0);
    await celery.worker.pause();
    await celery.client.send(add, 1, 2);
    await celery.client.send(add.s(1, 2).with({ countdown: 20 }));
    await celery.advance("60s");
    await celery.worker.resume();
    await celery.advance("1s");
    const labels = 'worker="celery@test",task="demo.add"';
    expect(await linesOf(metrics, "celery_task_runtime_seconds_count")).toEqual([
      `celery_task_runtime_seconds_count{${labels}} 2`,
    ]);
    expect(await linesOf(metrics, "celery_task_queue_wait_seconds_sum")).toEqual([
      `celery_task_queue_wait_seconds_sum{${labels},queue="celery"} 100`,
    ]);
    expect(await linesOf(metrics, "celery_task_prefetch_wait_seconds_count")).toEqual([
      `celery_task_prefetch_wait_seconds_count{${labels},queue="celery"} 2`,
    ]);
  });

  test("pass over the wait of messages that do not say when they were sent", async () => {
    const { metrics, celery } = createRoom();
    await celery.run(add, [1, 2]);
    await celery.run(add, [1, 2], { headers: { leveret_sent_at: "yesterday" } });
    expect(await linesOf(metrics, "celery_task_queue_wait_seconds_count")).toEqual([]);
    expect(await linesOf(metrics, "celery_task_runtime_seconds_count")).toHaveLength(1);
  });

  test("show the worker as it is at the scrape", async () => {
    const { metrics, celery } = createRoom();
    await celery.advance(0);
    for (let count = 0; count < 3; count += 1) await celery.client.send(hold);
    await celery.advance(0);
    const [worker] = ['worker="celery@test"'];
    expect(await linesOf(metrics, "celery_worker_tasks")).toContain(`celery_worker_tasks{${worker},place="running"} 2`);
    expect(await linesOf(metrics, "celery_worker_concurrency")).toEqual([`celery_worker_concurrency{${worker}} 2`]);
    expect(await linesOf(metrics, "celery_worker_ready")).toEqual([`celery_worker_ready{${worker}} 1`]);
    expect(await linesOf(metrics, "celery_queue_consumed")).toEqual([
      `celery_queue_consumed{${worker},queue="celery"} 1`,
    ]);
    await celery.worker.pause();
    expect(await linesOf(metrics, "celery_worker_ready")).toEqual([`celery_worker_ready{${worker}} 0`]);
  });

  test("count what was published by its outcome, and not what is only prepared", async () => {
    const { metrics, celery } = createRoom();
    await celery.client.send(add, 1, 2);
    await expect(celery.client.send(add.s(1, 2).with({ exchange: "nowhere", routingKey: "x" }))).rejects.toThrow(
      /nowhere/,
    );
    await celery.client.prepare(add.s(1, 2));
    const lines = await linesOf(metrics, "celery_published_total");
    expect(lines).toHaveLength(2);
    expect(lines).toContain('celery_published_total{task="demo.add",outcome="confirmed"} 1');
    expect(lines.join("\n")).toMatch(/outcome="(not-found|unroutable)"\} 1/);
  });

  test("count names beyond a bound as other, for messages may bring any number of them", async () => {
    const { metrics, celery } = createRoom();
    for (let n = 0; n < 600; n += 1) await celery.client.sendByName(`made.up.${n}`);
    await celery.client.sendByName("x".repeat(201));
    const lines = await linesOf(metrics, "celery_published_total");
    expect(lines).toHaveLength(501);
    expect(lines).toContain('celery_published_total{task="other",outcome="confirmed"} 101');
  });

  test("count errors of others as one outcome, whatever codes they have", async () => {
    const errors: unknown[] = [
      ...Array.from({ length: 50 }, (_, n) => Object.assign(new Error("of an interceptor"), { code: `E${n}` })),
      Object.assign(new Error("like a method"), { code: "toString" }),
      { code: 7 },
      null,
      Object.defineProperty({}, "code", {
        get: () => {
          throw new Error("not to be read");
        },
      }),
    ];
    const { interceptor, registry } = createMetrics();
    type Send = NonNullable<typeof interceptor.send>;
    const task = { task: "demo.add", extraHeaders: {} } as Parameters<Send>[0];
    for (const error of errors) {
      const failing = interceptor.send?.(task, () => Promise.reject(error), target);
      await expect(failing).rejects.toBe(error);
    }
    const lines = await linesOf({ registry } as Metrics, "celery_published_total");
    expect(lines).toEqual([`celery_published_total{task="demo.add",outcome="error"} ${errors.length}`]);
  });

  test("count connections that came back", async () => {
    const { metrics, celery } = createRoom();
    await celery.client.call(add, 1, 2);
    celery.broker.block();
    celery.broker.unblock();
    expect(await linesOf(metrics, "celery_reconnects_total")).toEqual([
      'celery_reconnects_total{peer="celery@test"} 0',
      'celery_reconnects_total{peer="api"} 0',
    ]);
    celery.broker.drop();
    await celery.advance("1m");
    expect(await linesOf(metrics, "celery_reconnects_total")).toEqual([
      'celery_reconnects_total{peer="celery@test"} 1',
      'celery_reconnects_total{peer="api"} 1',
    ]);
    expect(await linesOf(metrics, "celery_connected")).toEqual([
      'celery_connected{peer="celery@test"} 1',
      'celery_connected{peer="api"} 1',
    ]);
  });

  test("stop when told", async () => {
    const { metrics, celery } = createRoom();
    const other = createMetrics();
    const stop = other.observe(celery.worker);
    stop();
    await celery.client.call(add, 1, 2);
    expect(await linesOf(other, "celery_tasks_total")).toEqual([]);
    expect(await linesOf(other, "celery_worker_ready")).toEqual([]);
    expect(await linesOf(metrics, "celery_tasks_total")).toHaveLength(3);
  });

  test("go by other names, to a registry of the application's", async () => {
    const registry = new Registry();
    const { celery } = createRoom({ registry, prefix: "shop_" });
    await celery.client.call(add, 1, 2);
    expect(await registry.metrics()).toMatch(/^shop_tasks_total\{/m);
    expect(() => createMetrics({ registry, prefix: "shop_" })).toThrow(/already/);
  });
});
