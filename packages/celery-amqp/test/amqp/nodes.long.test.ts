import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasLab, type LabVersion, startLabCluster } from "@leveret/test-support/lab-cluster";
import type { RabbitCluster } from "@leveret/test-support/rabbit-cluster";
import { playScene, type ScenePlan, type SceneReport } from "../support/scene.ts";

/** What befalls a node, and how it ends. */
type Scene = Pick<ScenePlan, "strike" | "restore"> & { readonly what: string };

/** The longest gap allowed, in milliseconds. RabbitMQ 3.10 notices a silent node by its net tick, a minute, alone. */
const bounds: Readonly<Record<"4.3" | "3.10", { readonly loud: number; readonly silent: number }>> = {
  "4.3": { loud: 5_000, silent: 20_000 },
  "3.10": { loud: 10_000, silent: 100_000 },
};

function loudScenes(cluster: RabbitCluster, node: number): readonly Scene[] {
  return [
    { what: "killed", strike: () => cluster.kill(node), restore: () => cluster.start(node) },
    { what: "stopped in good order", strike: () => cluster.stop(node), restore: () => cluster.start(node) },
  ];
}

function silentScenes(cluster: RabbitCluster, node: number): readonly Scene[] {
  const heal = async (): Promise<void> => cluster.network?.heal();
  return [
    { what: "frozen", strike: () => cluster.pause(node), restore: () => cluster.resume(node) },
    { what: "cut off from the others", strike: async () => cluster.network?.partition(node), restore: heal },
    { what: "cut off from everybody", strike: async () => cluster.network?.isolate(node), restore: heal },
  ];
}

/** After a silence a 3.x node may stay apart from the others until it is restarted. */
async function rejoin(cluster: RabbitCluster, node: number): Promise<void> {
  if (!cluster.version.startsWith("3.")) return;
  await cluster.kill(node);
  await cluster.start(node);
}

function print(cluster: RabbitCluster, what: string, report: SceneReport): void {
  console.log(JSON.stringify({ version: cluster.version, what, ...report, warnings: undefined }));
}

function longestGap(reports: readonly SceneReport[]): number {
  return Math.max(
    ...reports.flatMap(({ workGapMs, confirmGapMs, resultGapMs }) => [workGapMs, confirmGapMs, resultGapMs]),
  );
}

const versions = ["4.3", "3.10"] as const satisfies readonly LabVersion[];

describe.skipIf(!hasLab).each(versions)("of three nodes of RabbitMQ %s (LEVERET_LAB), default options", (version) => {
  let cluster: RabbitCluster;
  beforeAll(async () => {
    cluster = await startLabCluster({ version, tickSeconds: 60 });
  });
  afterAll(() => cluster.remove());

  async function play(scene: Scene, victim: number): Promise<SceneReport> {
    const report = await playScene(cluster, { ...scene, victim, awayMs: 30_000, afterMs: 10_000 });
    print(cluster, scene.what, report);
    return report;
  }

  test.each([1, 2, 3])("node %i goes: the others work", async (victim) => {
    const reports: SceneReport[] = [];
    for (const scene of loudScenes(cluster, victim)) reports.push(await play(scene, victim));
    expect(reports.map(({ lost, refused }) => ({ lost, refused }))).toEqual(
      reports.map(() => ({ lost: 0, refused: {} })),
    );
    expect(longestGap(reports)).toBeLessThan(bounds[version].loud);
  });

  test.each([1, 2, 3])("node %i is silent: the others work", async (victim) => {
    const reports: SceneReport[] = [];
    for (const scene of silentScenes(cluster, victim)) {
      reports.push(await play(scene, victim));
      await rejoin(cluster, victim);
    }
    expect(reports.map(({ lost }) => lost)).toEqual(reports.map(() => 0));
    expect(longestGap(reports)).toBeLessThan(bounds[version].silent);
  });

  test("one after the other restarts: work goes on", async () => {
    const strike = async (): Promise<void> => {
      for (const node of [1, 2, 3]) {
        await cluster.stop(node);
        await cluster.start(node);
      }
    };
    const report = await playScene(cluster, {
      victim: 1,
      strike,
      awayMs: 0,
      restore: async () => {},
      afterMs: 10_000,
    });
    print(cluster, "a rolling restart", report);
    expect(report).toMatchObject({ lost: 0, refused: {} });
    expect(report.workGapMs).toBeLessThan(bounds[version].loud);
  });

  test("all are killed at once: nothing is lost, and all flows again when they are back", async () => {
    const nodes = [1, 2, 3];
    const report = await playScene(cluster, {
      victim: 1,
      strike: async () => void (await Promise.all(nodes.map((node) => cluster.kill(node)))),
      awayMs: 2_000,
      restore: async () => void (await Promise.all(nodes.map((node) => cluster.start(node)))),
      afterMs: 30_000,
    });
    print(cluster, "all killed at once", report);
    expect(report.lost).toBe(0);
  });
});
