import { labFolder, RabbitLab, secretsYaml } from "@leveret/lab";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { toYaml } from "../../src/command/to-yaml.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";

const namespace = "messaging";
const login = "admin:secret";
const pods = ["rabbitmq-0", "rabbitmq-1", "rabbitmq-2"];
const payloads = Array.from({ length: 20 }, (_, index) => String(index));

const yamlOf = (version: string): string =>
  toYaml(
    renderCluster({
      namespace,
      version,
      vhosts: [{ name: "shop" }],
      queues: [{ name: "tasks", vhost: "shop" }],
      resources: { memory: "1Gi", cpu: "100m" },
      lifecycle: { awaitQuorumSeconds: 15, drainSeconds: 15, minReadySeconds: 0 },
    }).manifests,
  ) +
  secretsYaml(namespace, {
    "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
    "rabbitmq-default-user": { username: "admin", password: "secret" },
  });

/** How many nodes each node takes for members, and for running ones. A node that went its own way knows only itself. */
async function membership(lab: RabbitLab): Promise<readonly string[]> {
  const counts = async (pod: string): Promise<string> => {
    const { disk_nodes, running_nodes } = JSON.parse(
      await lab.exec(pod, "rabbitmqctl", "cluster_status", "--formatter", "json"),
    ) as Readonly<Record<string, readonly string[]>>;
    return `${pod}: ${disk_nodes?.length} members, ${running_nodes?.length} run`;
  };
  return Promise.all(pods.map(counts));
}

const whole = pods.map((pod) => `${pod}: 3 members, 3 run`);

describe.skipIf(labFolder === null).each([
  ["3.10.8", "4.0.5"],
  ["4.0.5", "4.3.6"],
])("an upgrade from %s to %s, which skips a step", (from, to) => {
  it("stops before the first broker starts, and leaves a cluster that survives the restart of each node", async () => {
    expect(() => renderCluster({ namespace, version: to, from })).toThrow(/skips/);
    const lab = await RabbitLab.start(namespace, yamlOf(from));
    onTestFinished(() => lab.stop());
    await lab.ready(240);
    const queue = async (): Promise<unknown> =>
      (await lab.management("rabbitmq-0", login, "GET", "queues/shop/tasks").catch(() => null))?.body;
    await expect.poll(queue, { timeout: 60_000, interval: 500 }).toMatchObject({ type: "quorum" });
    expect(await lab.publish("rabbitmq-0", login, "shop", "tasks", payloads.length)).toBe(payloads.length);
    const tables = (): Promise<string> =>
      lab.exec("rabbitmq-0", "rabbitmqctl", "eval", "length(mnesia:system_info(tables)).");
    const before = await tables();
    await lab.apply(yamlOf(to));
    const restarts = async (): Promise<number> =>
      (await lab.pods()).find(({ name }) => name === "rabbitmq-2")?.restarts ?? 0;
    await expect.poll(restarts, { timeout: 240_000, interval: 500 }).toBeGreaterThan(1);
    expect(await lab.logs("rabbitmq-2", "setup")).toMatch(/cannot run on this volume.*Nothing was changed/);
    const others = (await lab.pods()).filter(({ name }) => name !== "rabbitmq-2");
    expect(others.map(({ isReady }) => isReady)).toEqual([true, true]);
    expect(await tables()).toBe(before);
    await lab.apply(yamlOf(from));
    await lab.delete("rabbitmq-2");
    await lab.ready(240);
    expect(await membership(lab)).toEqual(whole);
    for (const pod of pods) {
      await lab.kill(pod);
      await lab.ready(240);
    }
    await vi.waitUntil(async () => String(await membership(lab)) === String(whole), {
      timeout: 60_000,
      interval: 1000,
    });
    await expect
      .poll(() => lab.look("rabbitmq-2", login, "shop", "tasks").catch(() => []), { timeout: 60_000, interval: 500 })
      .toEqual(payloads);
  });
});
