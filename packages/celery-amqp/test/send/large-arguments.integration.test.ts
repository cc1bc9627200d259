import { expect, onTestFinished, test } from "vitest";
import { freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";

const length = defineTask("large.length", (_ctx, text: string) => text.length);

// Celery describes arguments in headers, which AMQP lets hold no more than a frame does.
test.each([100_000, 10_000_000])("an argument of %i characters arrives whole", async (size) => {
  const vhost = await freshVhost();
  const broker = vhost.url;
  const worker = createWorker({ broker, tasks: [length], queues: ["large"], logLevel: "error" });
  const client = createClient({ broker });
  onTestFinished(async () => {
    await client.close();
    await worker.stop();
    await vhost.remove();
  });
  await worker.start();
  expect(await client.call(length.with({ queue: "large" }), "x".repeat(size))).toBe(size);
});
