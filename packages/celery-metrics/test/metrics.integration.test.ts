import { createClient, defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { expect, onTestFinished, test } from "vitest";
import { freshVhost } from "../../../scripts/vitest/vhost.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createTcpProxy } from "@leveret/test-support/tcp-proxy";
import { createMetrics } from "../src/index.ts";

const add = defineTask("metrics.add", (_context, x: number, y: number) => x + y);

test("a worker shows its metrics beside its health, and counts connections that came back", async () => {
  const vhost = await freshVhost();
  onTestFinished(() => vhost.remove());
  const proxy = await createTcpProxy(vhost.url);
  onTestFinished(() => proxy.close());
  const metrics = createMetrics();
  const interceptors = [metrics.interceptor];
  const worker = createWorker({
    broker: proxy.url,
    tasks: [add],
    name: "metrics@lab",
    interceptors,
    health: { port: 0, host: "127.0.0.1", pages: metrics.pages },
    logLevel: "silent",
  });
  metrics.observe(worker);
  onTestFinished(() => worker.stop({ grace: 0 }));
  await worker.start();
  const client = createClient({ broker: vhost.url, interceptors });
  onTestFinished(() => client.close());
  metrics.observe(client);
  const sum = await client.send(add, 2, 3); // resolves at the confirm, where `call` may have its result before
  expect(await sum.get()).toBe(5);

  const scrape = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${worker.healthPort}/metrics`);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    return response.text();
  };
  const labels = 'worker="metrics@lab",task="metrics.add"';
  // The worker counts a task when the broker has confirmed its result, which may be here before.
  await eventually("the task is counted", async () =>
    (await scrape()).includes(`celery_tasks_total{${labels},state="succeeded"} 1`),
  );
  const text = await scrape();
  expect(text).toContain(`celery_task_queue_wait_seconds_count{${labels},queue="celery"} 1`);
  expect(text).toContain('celery_published_total{task="metrics.add",outcome="confirmed"} 1');
  expect(text).toContain('celery_reconnects_total{peer="metrics@lab"} 0');
  proxy.cut();
  await eventually("the worker is back", async () =>
    (await scrape()).includes('celery_reconnects_total{peer="metrics@lab"} 1'),
  );
  expect(await scrape()).toContain('celery_reconnects_total{peer="client"} 0');
});
