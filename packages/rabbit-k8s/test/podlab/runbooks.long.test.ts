import { readFileSync } from "node:fs";
import { join } from "node:path";
import { labFolder, labVersions, RabbitLab, secretsYaml } from "@leveret/lab";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ModernProps } from "../../src/cluster/props.ts";
import { runCommand } from "../../src/command/command.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";

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
      lifecycle: { awaitQuorumSeconds: 15, drainSeconds: 15, minReadySeconds: 0 },
      ...props,
    }).manifests,
  ) + secrets;

/** A runbook, as it is printed. */
function print(words: string): string {
  let text = "";
  const terminal = {
    out: (more: string) => void (text += more),
    err: () => undefined,
    read: () => "",
    variable: () => undefined,
  };
  expect(runCommand(["runbook", ...words.split(" "), "--namespace", namespace], terminal)).toBe(0);
  return text;
}

const queueOf = async (lab: RabbitLab): Promise<unknown> =>
  (await lab.management("rabbitmq-0", login, "GET", "queues/shop/tasks")).body;

async function fill(lab: RabbitLab): Promise<void> {
  await expect
    .poll(() => queueOf(lab).catch(() => null), { timeout: 60_000, interval: 500 })
    .toMatchObject({ type: "quorum" });
  expect(await lab.publish("rabbitmq-0", login, "shop", "tasks", payloads.length)).toBe(payloads.length);
}

/** The messages, once their queue answers with all of them. */
async function messagesOf(lab: RabbitLab, pod: string): Promise<readonly string[]> {
  let messages: readonly string[] = [];
  const count = async (): Promise<number> => {
    messages = await lab.look(pod, login, "shop", "tasks").catch(() => []);
    return messages.length;
  };
  await expect.poll(count, { timeout: 60_000, interval: 500 }).toBe(payloads.length);
  return messages;
}

/** Commands of a runbook that change something, as a pattern of the shell. */
const changes =
  '*" scale "*|*"rabbitmq-queues -q grow "*|*"rabbitmq-queues -q shrink "*|*forget_cluster_node*|*"delete pvc"*';

/** How a script ends that was killed. */
const KILLED = 128;

describe.skipIf(labFolder === null)("the runbooks on real clusters", () => {
  it.each(labVersions)(
    "scaling down on %s leaves three nodes that know of three, and every message, though it is killed after each change",
    async (version) => {
      const lab = await RabbitLab.start(namespace, yamlOf({ version, replicas: 5 }));
      onTestFinished(() => lab.stop());
      await lab.ready(400);
      await fill(lab);
      // A classic queue and a stream that would be lost: the runbook names them and stops nothing.
      const leaving = {
        auto_delete: false,
        durable: true,
        node: "rabbit@rabbitmq-4.rabbitmq-headless.messaging.svc.cluster.local",
      };
      const declare = (name: string, type: Record<string, unknown>): ReturnType<RabbitLab["management"]> =>
        lab.management("rabbitmq-0", login, "PUT", `queues/shop/${name}`, { ...leaving, arguments: type });
      expect((await declare("jobs", { "x-queue-type": "classic" })).status).toBe(201);
      expect((await declare("log", { "x-queue-type": "stream", "x-initial-cluster-size": 1 })).status).toBe(201);
      const refused = await lab.script(print("scale-down --from 5 --to 3"));
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.text).toMatch(/rabbit_classic_queue: queue 'jobs' in vhost 'shop'/);
      expect(refused.text).toMatch(/rabbit_stream_queue: queue 'log' in vhost 'shop'/);
      expect((await lab.pods()).map(({ isReady }) => isReady)).toEqual([true, true, true, true, true]);
      for (const name of ["jobs", "log"])
        expect((await lab.management("rabbitmq-0", login, "DELETE", `queues/shop/${name}`)).status).toBe(204);
      const folder = lab.scriptFolder();
      let runs = 0;
      let ending = { code: KILLED, text: "" };
      for (; ending.code === KILLED; runs += 1)
        ending = await lab.script(print("scale-down --from 5 --to 3"), {}, { folder, killAfter: changes });
      expect(ending.code, `it said: ${ending.text}`).toBe(0);
      // It took two nodes away in three commands each; queues grow and shrink where members were on a leaving node.
      const killed = readFileSync(join(folder, "killed"), "utf8").trim().split("\n");
      expect(runs).toBe(killed.length + 1);
      for (const command of [/ scale /, /forget_cluster_node/, /delete pvc/])
        expect(killed.filter((line) => command.test(line))).toHaveLength(2);
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
      expect(await messagesOf(lab, "rabbitmq-0")).toEqual(payloads);
      // Their volumes are gone, so the same nodes can come back as new ones.
      await lab.apply(yamlOf({ version, replicas: 5 }));
      await lab.ready(400);
    },
  );

  it.each(labVersions)("the runbook of an upgrade goes on %s up to the apply, and stops there", async (version) => {
    const lab = await RabbitLab.start(namespace, yamlOf({ version, replicas: 1 }));
    onTestFinished(() => lab.stop());
    await lab.ready(240);
    const to = { "4.3.6": "4.3.7", "4.0.5": "4.2.9", "3.10.8": "3.11.28" }[version];
    const { code, text } = await lab.script(print(`upgrade --from ${version} --to ${to}`), {
      [`rabbitmq-${to}.yaml`]: yamlOf({ version, replicas: 1 }),
    });
    // The manifests are of the old release, for the lab has no newer one that may follow.
    expect(text).toMatch(new RegExp(`only 0 of 1 nodes run ${to}`));
    expect(code).toBe(1);
    await lab.ready(60);
  });
});
