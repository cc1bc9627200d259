import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasLab, startLabCluster } from "../support/lab-cluster.ts";
import type { RabbitCluster } from "../support/rabbit-cluster.ts";
import { playScene } from "../support/scene.ts";

describe.skipIf(!hasLab).each(["4.3"] as const)("three nodes of RabbitMQ %s (RABBITMQ_LAB)", (version) => {
  let cluster: RabbitCluster;
  beforeAll(async () => {
    cluster = await startLabCluster({ version, tickSeconds: 60 });
  });
  afterAll(() => cluster.remove());

  test.each([1])("node %i is killed: work, confirms and results go on", async (victim) => {
    const report = await playScene(cluster, {
      victim,
      strike: () => cluster.kill(victim),
      awayMs: Number(process.env["AWAY"] ?? 30_000),
      restore: () => cluster.start(victim),
      afterMs: 10_000,
    });
    console.log(JSON.stringify(report, null, 1));
    expect(report.lost).toBe(0);
    expect(report.workGapMs).toBeLessThan(5_000);
    expect(report.confirmGapMs).toBeLessThan(5_000);
    expect(report.resultGapMs).toBeLessThan(5_000);
  });
});
