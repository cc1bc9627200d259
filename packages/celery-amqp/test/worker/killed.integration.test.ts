import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { eventually } from "@leveret/test-support/eventually";

const add = defineTask("killed.add", (_ctx, x: number, y: number) => x + y);

test("a worker killed between a result and its ack leaves both: the result is there, and the task runs again", async () => {
  const vhost = await freshVhost();
  onTestFinished(() => vhost.remove());
  const client = createClient({ broker: vhost.url });
  onTestFinished(() => client.close());
  const look = createAmqpTransport({ url: vhost.url });
  onTestFinished(() => look.close());
  await look.connect();

  const program = join(import.meta.dirname, "../support/worker-killed-at-ack.ts");
  const options = ["--conditions=@leveret/source", program, vhost.url];
  const doomed = spawn(process.execPath, options, { stdio: ["ignore", "inherit", "inherit"] });
  onTestFinished(() => void doomed.kill("SIGKILL"));
  const ended = once(doomed, "exit");
  const result = await client.send(add.with({ queue: "killed" }), 2, 3);
  // It was confirmed before the ack was tried, so it outlives the worker.
  expect(await result.get({ timeout: "60s" })).toBe(5);
  expect(await ended).toEqual([null, "SIGKILL"]);
  await eventually("the task is back", async () => (await look.inspectQueue("killed"))?.messageCount === 1);

  const runs: boolean[] = [];
  const again = createWorker({ broker: vhost.url, tasks: [add], queues: ["killed"], logLevel: "silent" });
  again.on("taskSucceeded", () => runs.push(true));
  onTestFinished(() => again.stop());
  await again.start();
  await eventually("it ran again", () => runs.length === 1);
  await again.stop();
  expect((await look.inspectQueue("killed"))?.messageCount).toBe(0);
  expect(await result.get()).toBe(5);
});
