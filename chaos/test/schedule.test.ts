import { describe, expect, test } from "vitest";
import { describeFault, planFaults, type Scene } from "../schedule.ts";
import { shortRuns } from "./short-runs.ts";

const scene: Scene = {
  seed: 11,
  seconds: 60,
  nodes: 1,
  publishers: ["publisher-1", "publisher-2"],
  workers: ["worker-1", "worker-2", "worker-3"],
  parents: ["worker-3"],
  volatileQueue: "volatile",
};
const nodeKinds = new Set(["kill-node", "stop-node", "freeze-node", "memory-alarm", "consumer-timeout"]);
/** All but the timeout of consumers. */
const quickKinds = [
  "black-hole",
  "cancel-consumers",
  "channel-404",
  "channel-406",
  "clock-step",
  "delete-queue",
  "freeze-node",
  "kill-child",
  "kill-node",
  "kill-worker",
  "memory-alarm",
  "missing-exchange",
  "redis-refused",
  "refuse",
  "reset",
  "stop-node",
  "stop-worker",
];
const seeds = Array.from({ length: 50 }, (_, seed) => seed);

test("the same scene has the same faults, another seed others", () => {
  expect(planFaults(scene)).toEqual(planFaults({ ...scene }));
  expect(planFaults(scene)).not.toEqual(planFaults({ ...scene, seed: 12 }));
});

describe.each(seeds)("seed %i", (seed) => {
  test("faults come in order and within the time", () => {
    const faults = planFaults({ ...scene, seed });
    expect(faults.length).toBeGreaterThan(15);
    expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    for (const fault of faults) expect(fault.atMs).toBeLessThan(60_000);
  });

  test("one node is hurt at a time, and is given time to recover", () => {
    const lane = planFaults({ ...scene, seed, seconds: 300, nodes: 3 }).filter(({ kind }) => nodeKinds.has(kind));
    const pauses = lane
      .slice(1)
      .map((fault, index) => fault.atMs - (lane[index]?.atMs ?? 0) - (lane[index]?.forMs ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(5_000);
  });

  test("two minutes have every quick kind, and each that hurts a node", () => {
    const kinds = new Set(planFaults({ ...scene, seed, seconds: 120 }).map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(quickKinds);
  });
});

test("the runs that each test run has show every quick kind between them", () => {
  const kinds = new Set(shortRuns.flatMap((run) => planFaults({ ...scene, ...run })).map(({ kind }) => kind));
  expect([...kinds].toSorted()).toEqual(quickKinds);
});

test("without a pool of processes no child is killed", () => {
  const faults = planFaults({ ...scene, parents: [], seconds: 300 });
  expect(faults.filter(({ kind }) => kind === "kill-child")).toEqual([]);
});

test("the timeout of consumers is for long runs", () => {
  const has = (seconds: number) => seeds.some((seed) => planFaults({ ...scene, seed, seconds }).some(isTimeout));
  expect(has(120)).toBe(false);
  expect(has(300)).toBe(true);
});

test("in a cluster the leader is aimed at, alone there is none", () => {
  const targets = (nodes: number) =>
    new Set(
      seeds.flatMap((seed) =>
        planFaults({ ...scene, seed, nodes })
          .filter(({ kind }) => kind === "kill-node")
          .map(({ target }) => target),
      ),
    );
  expect([...targets(1)]).toEqual(["node-1"]);
  expect([...targets(3)].toSorted()).toEqual(["leader", "node-1", "node-2", "node-3"]);
});

test("a fault reads as a line", () => {
  expect(describeFault({ atMs: 12_340, kind: "black-hole", target: "worker-1", forMs: 2_000 })).toBe(
    "  12.3 s  black-hole       worker-1 for 2.0 s",
  );
});

function isTimeout({ kind }: { readonly kind: string }): boolean {
  return kind === "consumer-timeout";
}
