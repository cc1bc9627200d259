import { createClient, defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "@leveret/test-support/eventually";
import { createTcpProxy } from "@leveret/test-support/tcp-proxy";
import { freshVhost } from "../../../scripts/vitest/vhost.ts";
import { redisResults } from "../src/index.ts";
import { redisUrl } from "./support/redis.ts";

test("a worker holds the messages of tasks whose results it cannot store, and stores them once Redis is back", async () => {
  const vhost = await freshVhost();
  onTestFinished(() => vhost.remove());
  const proxy = await createTcpProxy(redisUrl());
  onTestFinished(() => proxy.close());
  let runs = 0;
  const count = defineTask("redis.count", async () => {
    runs += 1;
    if (runs === 1) await proxy.refuse();
    return runs;
  });
  const worker = createWorker({
    broker: vhost.url,
    tasks: [count],
    results: redisResults(proxy.url),
    logLevel: "error",
  });
  await worker.start();
  onTestFinished(() => worker.stop());
  const client = createClient({ broker: vhost.url, results: redisResults(redisUrl()) });
  onTestFinished(() => client.close());

  const succeeded = new Promise((resolve) => worker.on("taskSucceeded", resolve));
  const result = await client.send(count);
  await eventually("it runs without Redis", () => runs === 1 && proxy.connections === 0);
  expect(result.state).toBe("PENDING");
  await proxy.resume();
  await succeeded;
  expect(await result.get({ timeout: 150 })).toBe(1);
  expect(runs).toBe(1);
});
