import { randomUUID } from "node:crypto";
import { expect, inject, onTestFinished, test } from "vitest";
import { createClient, defineTask, type FleetOptions } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";

const double = defineTask("fleet.double", (_ctx, x: number) => 2 * x);

test("one object makes a client and a worker that fit, and a difference is named when no result comes", async () => {
  const queue = `fleet-${randomUUID()}`;
  const fleet: FleetOptions = { broker: inject("amqpUrl") ?? "", queues: [queue], defaultQueue: queue };
  const worker = createWorker({ ...fleet, tasks: [double], logLevel: "silent", name: `${queue}@%h` });
  onTestFinished(() => worker.stop());
  await worker.start();
  const client = createClient(fleet);
  onTestFinished(() => client.close());
  expect(await client.call(double, 21)).toBe(42);

  await using other = createClient({ ...fleet, results: "amqp" });
  await expect(other.result(randomUUID()).get({ timeout: "100ms" })).rejects.toThrow(
    /keeps results in rpc, and this client awaits them from amqp/,
  );
});
