import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasLab, startLabCluster } from "@leveret/test-support/lab-cluster";
import type { RabbitCluster } from "@leveret/test-support/rabbit-cluster";
import { playScene } from "../support/scene.ts";

// Every scene, on every version, at length: nodes.long.test.ts.
describe.skipIf(!hasLab)("of three nodes of RabbitMQ 4.3 (LEVERET_LAB), default options", () => {
  let cluster: RabbitCluster;
  beforeAll(async () => {
    cluster = await startLabCluster({ version: "4.3", tickSeconds: 60 });
  });
  afterAll(() => cluster.remove());

  test.each([1, 2, 3])("node %i dies, with the reply queue of a caller: the others work", async (victim) => {
    const report = await playScene(cluster, {
      victim,
      strike: () => cluster.kill(victim),
      awayMs: 6_500,
      restore: () => cluster.start(victim),
      afterMs: 500,
    });
    expect(report).toMatchObject({ lost: 0, refused: {} });
    expect(report.workGapMs).toBeLessThan(5_000);
    expect(report.confirmGapMs).toBeLessThan(5_000);
    expect(report.resultGapMs).toBeLessThan(5_000);
  });
});
