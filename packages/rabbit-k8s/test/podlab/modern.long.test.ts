import { describe, expect, it, onTestFinished } from "vitest";
import type { ModernProps } from "../../src/cluster/props.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { Lab, labFolder, type LabVersion } from "./lab.ts";
import { hostilePassword, secretsYaml } from "./secrets.ts";

const login = `ad"min:${hostilePassword}`;
const secrets = secretsYaml("messaging", {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": { username: 'ad"min', password: hostilePassword },
  "web-user": { password: 'w"eb\\' },
  berlin: { uri: "amqp://nobody:nothing@berlin.invalid:5672/shop" },
});

/** A cluster with something in each list of the topology. */
const props = (version: LabVersion): ModernProps => ({
  namespace: "messaging",
  version,
  resources: { memory: "1Gi", cpu: "100m" },
  celery: { python: false },
  vhosts: [{ name: "shop", description: "the shop's", limits: { maxQueues: 50 } }],
  users: [{ name: "web", password: { name: "web-user", key: "password" }, tags: ["monitoring"] }],
  permissions: [{ user: "web", vhost: "shop" }],
  topicPermissions: [{ user: "web", vhost: "shop", exchange: "events" }],
  policies: [{ name: "limits", vhost: "shop", pattern: "^tasks", definition: { "max-length": 100_000 } }],
  operatorPolicies: [{ name: "ttl", vhost: "shop", pattern: ".*", definition: { "message-ttl": 86_400_000 } }],
  queues: [
    { name: "tasks", vhost: "shop", type: "quorum" },
    { name: "moved", vhost: "shop" },
    { name: "urgent", vhost: "shop", type: "classic", arguments: { "x-max-priority": 5 } },
  ],
  exchanges: [{ name: "events", vhost: "shop", type: "topic" }],
  bindings: [{ vhost: "shop", source: "events", destination: "tasks", routingKey: "task.#" }],
  federationUpstreams: [{ name: "berlin", vhost: "shop", uri: { name: "berlin", key: "uri" } }],
  shovels: [{ name: "mover", vhost: "shop", source: { queue: "urgent" }, destination: { queue: "moved" } }],
});

const yaml = (given: ModernProps): string => toYaml(renderCluster(given).manifests) + secrets;

const pods = ["rabbitmq-0", "rabbitmq-1", "rabbitmq-2"];

async function messages(lab: Lab, queue: string): Promise<unknown> {
  const answer = await lab.management("rabbitmq-0", login, "GET", `queues/shop/${queue}`).catch(() => null);
  return (answer?.body as { messages?: number } | null)?.messages;
}

async function publish(lab: Lab, queue: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const message = {
      properties: { delivery_mode: 2 },
      routing_key: queue,
      payload: String(index),
      payload_encoding: "string",
    };
    const { body } = await lab.management("rabbitmq-0", login, "POST", "exchanges/shop/amq.default/publish", message);
    expect(body).toEqual({ routed: true });
  }
}

describe.skipIf(labFolder === undefined).each(["4.3.6", "4.0.5", "3.10.8"] as const)(
  "a modern cluster on %s",
  (version) => {
    it("forms, holds its topology, rolls with one down at most, and survives the loss of all pods at once", async () => {
      const lab = await Lab.start(version, "messaging", yaml(props(version)));
      onTestFinished(() => lab.stop());
      await lab.ready(300);
      const formed = await lab.now();

      const ask = (path: string): ReturnType<Lab["management"]> => lab.management("rabbitmq-0", login, "GET", path);
      await expect
        .poll(async () => (await ask("whoami").catch(() => null))?.status, { timeout: 60_000, interval: 1000 })
        .toBe(200);
      const members = async (): Promise<unknown> =>
        ((await ask("queues/shop/tasks")).body as { members?: unknown[] }).members?.length;
      await expect.poll(members, { timeout: 60_000, interval: 1000 }).toBe(3);
      expect((await ask("queues/shop/moved")).body).toMatchObject({ type: "quorum", durable: true });
      expect((await ask("queues/shop/urgent")).body).toMatchObject({
        type: "classic",
        arguments: { "x-max-priority": 5 },
      });
      expect((await ask("queues/shop/tasks")).body).toMatchObject({
        type: "quorum",
        policy: "limits",
        operator_policy: "ttl",
      });
      expect((await ask("permissions/shop/web")).status).toBe(200);
      expect((await ask("parameters/federation-upstream/shop/berlin")).status).toBe(200);
      expect((await lab.management("rabbitmq-1", 'web:w"eb\\', "GET", "whoami")).body).toMatchObject({ name: "web" });

      await publish(lab, "urgent", 5);
      await expect.poll(() => messages(lab, "moved"), { timeout: 90_000, interval: 1000 }).toBe(5);
      await publish(lab, "tasks", 20);
      await expect.poll(() => messages(lab, "tasks"), { timeout: 60_000, interval: 1000 }).toBe(20);

      const before = await lab.now();
      await lab.apply(yaml({ ...props(version), podAnnotations: { changed: "yes" } }));
      await lab.ready(600);
      expect(await lab.mostDown(3, before)).toBe(1);
      const rolled = await lab.now();
      expect(await lab.exits(pods)).toEqual([]);

      await Promise.all(pods.map((pod) => lab.ctl("delete", pod)));
      const lost = await lab.now();
      await lab.ready(600);
      const back = await lab.now();
      await expect.poll(() => messages(lab, "tasks"), { timeout: 90_000, interval: 1000 }).toBe(20);
      const exits = await lab.exits(pods);
      if (exits.length > 0) console.log(`RabbitMQ ${version}: a node ended on the way back\n${exits.join("\n")}`);
      console.log(
        `RabbitMQ ${version}: formed ${formed} s, rolled ${(rolled - before).toFixed(1)} s, back from nothing ${(back - lost).toFixed(1)} s`,
      );
    });
  },
);
