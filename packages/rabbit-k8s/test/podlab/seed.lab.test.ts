import { RabbitLab } from "@leveret/lab";
import { describe, expect, it, onTestFinished } from "vitest";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { hostilePassword } from "./password.ts";

const yaml = toYaml(
  renderCluster({
    preset: "seed",
    version: "3.10.8",
    secretValues: { erlangCookie: "a cookie * with blanks", adminPassword: hostilePassword },
  }).manifests,
);
const login = `admin:${hostilePassword}`;

describe("the original document's cluster on 3.10.8", () => {
  it("forms of two nodes, mirrors its queues, and keeps their messages when a pod dies", async () => {
    const lab = await RabbitLab.start("rabbitmq-golang", yaml);
    onTestFinished(() => lab.stop());
    const started = performance.now();
    const ask = (method: string, path: string, body?: unknown): ReturnType<RabbitLab["management"]> =>
      lab.management("rabbitmq-0", login, method, path, body);
    const running = async (): Promise<unknown> => {
      const nodes = await ask("GET", "nodes").catch(() => null);
      return (nodes?.body as { running?: boolean }[] | null)?.filter((node) => node.running).length;
    };
    await expect.poll(running, { timeout: 240_000, interval: 1000 }).toBe(2);
    console.log(`the original document's two nodes formed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    expect((await ask("GET", "vhosts/test")).status).toBe(200);
    expect((await ask("PUT", "queues/test/tasks", { durable: true })).status).toBe(201);
    expect(await lab.publish("rabbitmq-0", login, "test", "tasks", 20)).toBe(20);
    await expect
      .poll(async () => (await ask("GET", "queues/test/tasks")).body, { timeout: 60_000, interval: 500 })
      .toMatchObject({ policy: "ha-fed-test", synchronised_slave_nodes: [expect.any(String) as unknown] });
    const master = ((await ask("GET", "queues/test/tasks")).body as { node: string }).node;
    const [dying, other] = master.includes("rabbitmq-0.") ? ["rabbitmq-0", "rabbitmq-1"] : ["rabbitmq-1", "rabbitmq-0"];
    await lab.delete(dying);
    await expect
      .poll(async () => (await lab.management(other, login, "GET", "queues/test/tasks")).body, { timeout: 30_000 })
      .toMatchObject({ node: expect.stringContaining(`${other}.`) as unknown });
    const all = Array.from({ length: 20 }, (_, index) => `${index}`);
    expect(await lab.look(other, login, "test", "tasks")).toEqual(all);
    await expect.poll(running, { timeout: 240_000, interval: 1000 }).toBe(2);
    // Its init container runs again over what it left.
    await lab.reboot(dying, 1);
    await expect.poll(running, { timeout: 240_000, interval: 1000 }).toBe(2);
    expect(await lab.look(other, login, "test", "tasks")).toEqual(all);
  });
});
