import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, expect, test, vi } from "vitest";
import { type RabbitServer, startRabbit } from "../src/index.ts";
import { leftovers, tracesOf } from "./support/leftovers.ts";
import { drain, fill } from "./support/traffic.ts";

let rabbit: RabbitServer;

beforeAll(async () => {
  rabbit = await startRabbit({ nodes: 3 });
  return () => rabbit.stop();
});

test(
  "three nodes form a cluster whose quorum queue survives the loss of one, and the one comes back",
  { timeout: 600_000 },
  async () => {
    const [first, second, third] = rabbit.nodes;
    const quorum = { arguments: { "x-queue-type": "quorum", "x-quorum-initial-group-size": 3 } };
    await fill(first!.url, "orders", ["before"], quorum);
    await first!.kill();
    // Refused until the nodes that are left have chosen a leader.
    await vi.waitFor(() => fill(second!.url, "orders", ["while one is down"], quorum), {
      timeout: 150_000,
      interval: 250,
    });
    await first!.start();
    expect(await rabbit.ctl("await_online_nodes", "3")).toBeDefined();
    await third!.stop();
    expect(await drain(first!.url, "orders")).toEqual(["before", "while one is down"]);
  },
);

test("a frozen node answers nobody until it goes on", { timeout: 150_000 }, async () => {
  const [first] = rabbit.nodes;
  await first!.pause();
  const answer = drain(first!.url, "orders").then(() => "answered");
  expect(await Promise.race([answer, delay(1000, "silent")])).toBe("silent");
  await first!.resume();
  expect(await answer).toBe("answered");
});

test("a cluster leaves nothing either", async () => {
  const traces = tracesOf(rabbit);
  expect(traces.urls).toHaveLength(3);
  await rabbit.stop();
  expect(await leftovers(traces)).toEqual([]);
});
