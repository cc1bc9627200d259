import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failover } from "../support/failover.ts";
import { hasLab, startLabCluster } from "@leveret/test-support/lab-cluster";
import type { RabbitCluster } from "@leveret/test-support/rabbit-cluster";
import { RecordingLogger } from "@leveret/test-support/recording-logger";

// Every fault, on every version, at length: failover.long.test.ts.
describe.skipIf(!hasLab)("the leader of a queue, in a cluster of three nodes of RabbitMQ 4.3 (LEVERET_LAB)", () => {
  let cluster: RabbitCluster;
  beforeAll(async () => {
    cluster = await startLabCluster({ version: "4.3" });
  });
  afterAll(() => cluster.remove());

  test("is killed: no confirmed message is lost, every send settles, and sending resumes", async () => {
    const report = await failover(cluster, { fault: "kill", via: "leader", awayMs: 6000 });
    expect(report).toMatchObject({ lost: [], resumedMs: expect.any(Number) as number });
  });

  test("is cut off and neither confirms nor errs: the publisher moves to another node", async () => {
    const logger = new RecordingLogger();
    const options = { confirmTimeout: "1500ms" } as const;
    const report = await failover(cluster, { fault: "partition", via: "leader", awayMs: 16_000, options, logger });
    expect(report).toMatchObject({ lost: [], failed: {}, resumedMs: expect.any(Number) as number });
    expect(logger.text).toMatch(/connecting again[^]*has confirmed nothing: [^]*1500 ms/);
  });
});
