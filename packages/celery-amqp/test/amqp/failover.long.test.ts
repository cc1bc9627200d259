import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fault, failover } from "../support/failover.ts";
import { hasLab, startLabCluster } from "@leveret/test-support/lab-cluster";
import type { RabbitCluster } from "@leveret/test-support/rabbit-cluster";

const faults: readonly Fault[] = ["kill", "stop", "pause", "partition", "isolate"];

describe.skipIf(!hasLab).each(["3.10", "4.3"] as const)(
  "in a cluster of three nodes of RabbitMQ %s (LEVERET_LAB), the leader of a queue",
  (version) => {
    let cluster: RabbitCluster;
    beforeAll(async () => {
      cluster = await startLabCluster({ version });
    });
    afterAll(() => cluster.remove());

    const cases = faults.flatMap((fault) => [
      { fault, via: "leader" as const },
      { fault, via: "follower" as const },
    ]);
    test.each(cases)("meets $fault, its publisher connected to the $via", async ({ fault, via }) => {
      const options = { heartbeat: 5, confirmTimeout: "5000ms" } as const;
      const report = await failover(cluster, { fault, via, awayMs: 30_000, options });
      const { lost, ...figures } = report;
      console.log(JSON.stringify({ version: cluster.version, fault, via, lost: lost.length, ...figures }));
      expect(report).toMatchObject({ lost: [], resumedMs: expect.any(Number) as number });
    });
  },
);
