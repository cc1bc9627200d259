import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { labProgram } from "@leveret/lab";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../../scripts/vitest/newest-broker.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { createClient, defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { hasLab } from "@leveret/test-support/lab-cluster";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

const run = promisify(execFile);

describe.skipIf(!hasLab)("RabbitMQ 4.3 that permits no transient queues (LEVERET_LAB)", () => {
  const lab = labProgram("rabbitmq-version");
  const name = `leveret-denied-${process.pid}`;
  let url = "";
  beforeAll(async () => {
    const setting = "deprecated_features.permit.transient_nonexcl_queues = false";
    const { stdout } = await run(lab, ["4.3", "start", name, String(await freePort()), setting]);
    url = stdout.trim().split("\n").at(-1) ?? "";
  });
  afterAll(async () => {
    await run(lab, ["4.3", "kill", name]);
    await run(lab, ["4.3", "wipe", name]);
  });

  test("gets durable queues instead, after one refusal that ends the connection", async () => {
    const logger = new RecordingLogger();
    const transport = createAmqpTransport({ url }, { logger });
    onTestFinished(() => transport.close());
    await transport.connect();
    for (const queue of ["first", "second"]) {
      const transient = { name: queue, durable: false, autoDelete: true, exclusive: false };
      await transport.declare({ exchanges: [], queues: [transient], bindings: [] });
      expect(await transport.inspectQueue(queue)).not.toBeNull();
    }
    expect(logger.lines.filter((line) => line.includes("permits no transient queue"))).toHaveLength(1);
    expect(logger.lines.filter((line) => line.includes("connecting again"))).toHaveLength(1);
  });

  test("brings a client its results", async () => {
    const add = defineTask("denied.add", (_ctx, x: number, y: number) => x + y);
    const worker = createWorker({ broker: url, tasks: [add], queues: ["denied"], logLevel: "error" });
    onTestFinished(() => worker.stop());
    await worker.start();
    const client = createClient({ broker: url });
    onTestFinished(() => client.close());
    expect(await client.call(add.with({ queue: "denied" }), 2, 3)).toBe(5);
  });
});
