import { describe, expect, inject, it, onTestFinished, vi } from "vitest";
import type { ModernProps } from "../../src/cluster/props.ts";
import { runCommand } from "../../src/command/command.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { Lab, labVersions } from "./lab.ts";
import { secretsYaml } from "./secrets.ts";

const namespace = "messaging";
const login = "admin:secret";
const secrets = secretsYaml(namespace, {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": { username: "admin", password: "secret" },
});
const payloads = Array.from({ length: 20 }, (_, index) => String(index));

const yamlOf = (props: Partial<ModernProps> & { readonly version: string }): string =>
  toYaml(
    renderCluster({
      namespace,
      vhosts: [{ name: "shop" }],
      queues: [{ name: "tasks", vhost: "shop" }],
      resources: { memory: "1Gi", cpu: "100m" },
      lifecycle: { awaitQuorumSeconds: 15, drainSeconds: 15 },
      ...props,
    }).manifests,
  ) + secrets;

/** The commands of a runbook, as a person would copy them. */
function commandsOf(words: string): readonly string[] {
  let text = "";
  const terminal = { out: (more: string) => void (text += more), err: () => undefined, read: () => "" };
  expect(runCommand(["runbook", ...words.split(" "), "--namespace", namespace], terminal)).toBe(0);
  return [...text.matchAll(/^ {5}(kubectl .*)$/gm)].map(([, command = ""]) => command);
}

/** Does what kubectl would do. */
async function kubectl(lab: Lab, command: string): Promise<void> {
  console.log(command);
  const [, , there, verb, ...rest] = command.split(" ");
  if (there !== namespace) throw new Error(`${command} is for another namespace`);
  const [first = "", second = "", ...more] = rest;
  if (verb === "exec" && [second, ...more.slice(0, 2)].join(" ") === "-c rabbitmq --") {
    await lab.exec(first, ...more.slice(2));
  } else if (verb === "scale" && first === "statefulset") {
    await lab.scale(second, Number(more[0]?.replace("--replicas=", "")));
  } else if (verb === "wait" && first === "--for=delete") {
    const name = second.replace("pod/", "");
    const isGone = async (): Promise<boolean> => (await lab.pods()).every((pod) => pod.name !== name);
    await vi.waitUntil(isGone, { timeout: 300_000, interval: 500 });
  } else if (verb === "delete" && first === "pvc") {
    lab.deleteVolume(namespace, second);
  } else throw new Error(`the lab cannot ${command}`);
}

const queueOf = async (lab: Lab): Promise<unknown> =>
  (await lab.management("rabbitmq-0", login, "GET", "queues/shop/tasks")).body;

async function fill(lab: Lab): Promise<void> {
  await expect
    .poll(() => queueOf(lab).catch(() => null), { timeout: 60_000, interval: 500 })
    .toMatchObject({ type: "quorum" });
  expect(await lab.publish("rabbitmq-0", login, "shop", "tasks", payloads.length)).toBe(payloads.length);
}

/** The messages, once their queue answers. */
async function drain(lab: Lab, pod: string): Promise<readonly string[]> {
  const taken: string[] = [];
  await expect
    .poll(
      async () => {
        taken.push(...(await lab.take(pod, login, "shop", "tasks").catch(() => [])));
        return taken.length;
      },
      { timeout: 60_000, interval: 500 },
    )
    .toBe(payloads.length);
  return taken;
}

describe.skipIf(inject("podlab") === null)("the runbooks on real clusters", () => {
  it.each(labVersions)(
    "scaling down on %s leaves three nodes that know of three, and every message",
    async (version) => {
      const lab = await Lab.start(namespace, yamlOf({ version, replicas: 5 }));
      onTestFinished(() => lab.stop());
      await lab.ready(400);
      await fill(lab);
      for (const command of commandsOf("scale-down --from 5 --to 3")) await kubectl(lab, command);
      await lab.apply(yamlOf({ version, replicas: 3 }));
      await lab.ready(240);
      const status = JSON.parse(
        await lab.exec("rabbitmq-0", "rabbitmqctl", "cluster_status", "--formatter", "json"),
      ) as {
        readonly disk_nodes: readonly string[];
        readonly running_nodes: readonly string[];
      };
      expect([status.disk_nodes.length, status.running_nodes.length]).toEqual([3, 3]);
      const members = ((await queueOf(lab)) as { members: readonly string[] }).members;
      expect(members.filter((member) => /rabbitmq-[34]\./.test(member))).toEqual([]);
      expect(await drain(lab, "rabbitmq-0")).toEqual(payloads);
      // Their volumes are gone, so the same nodes can come back as new ones.
      await lab.apply(yamlOf({ version, replicas: 5 }));
      await lab.ready(400);
    },
  );

  it.each(labVersions)("the commands before and after an upgrade exist on %s", async (version) => {
    const lab = await Lab.start(namespace, yamlOf({ version, replicas: 1 }));
    onTestFinished(() => lab.stop());
    await lab.ready(240);
    const [from, to] = version === "4.3.6" ? ["4.2", "4.3"] : [version, "4.2"];
    const commands = commandsOf(`upgrade --from ${from} --to ${to}`).filter((command) => command.includes(" exec "));
    expect(new Set(commands).size).toBeGreaterThanOrEqual(4);
    for (const command of new Set(commands)) await kubectl(lab, command.replace("VHOST", "shop"));
  });

  it.each([
    ["3.10.8", "4.0.5"],
    ["4.0.5", "4.3.6"],
  ])(
    "an upgrade from %s to %s, which skips a step, stops at its first pod; that one must begin anew",
    async (from, to) => {
      expect(() => renderCluster({ namespace, version: to, from })).toThrow(/skips/);
      const lab = await Lab.start(namespace, yamlOf({ version: from }));
      onTestFinished(() => lab.stop());
      await lab.ready(240);
      await fill(lab);
      await lab.apply(yamlOf({ version: to }));
      const restarts = async (): Promise<number> =>
        (await lab.pods()).find(({ name }) => name === "rabbitmq-2")?.restarts ?? 0;
      await expect.poll(restarts, { timeout: 240_000, interval: 1000 }).toBeGreaterThan(1);
      const others = (await lab.pods()).filter(({ name }) => name !== "rabbitmq-2");
      expect(others.map(({ isReady }) => isReady)).toEqual([true, true]);
      await lab.apply(yamlOf({ version: from }));
      // The newer release has touched its data, so the older one would not start on it.
      await lab.scale("rabbitmq", 2);
      const isGone = async (): Promise<boolean> => (await lab.pods()).length === 2;
      await vi.waitUntil(isGone, { timeout: 300_000, interval: 500 });
      const node = `rabbit@rabbitmq-2.rabbitmq-headless.${namespace}.svc.cluster.local`;
      await lab.exec("rabbitmq-0", "rabbitmqctl", "forget_cluster_node", node);
      lab.deleteVolume(namespace, "data-rabbitmq-2");
      await lab.scale("rabbitmq", 3);
      await lab.ready(240);
      expect(await drain(lab, "rabbitmq-2")).toEqual(payloads);
    },
  );
});
