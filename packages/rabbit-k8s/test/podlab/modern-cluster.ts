import { type LabVersion, RabbitLab, secretsYaml } from "@leveret/lab";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ModernProps, TlsProps } from "../../src/cluster/props.ts";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { alertRules } from "../../src/manifests/alerts.ts";
import { dashboard } from "../../src/manifests/dashboard.ts";
import { makeCertificate } from "./certificate.ts";
import { hostilePassword } from "./password.ts";

const login = `ad"min:${hostilePassword}`;
const secrets = {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": { username: 'ad"min', password: hostilePassword },
  "web-user": { password: 'w"eb\\' },
  berlin: { uri: "amqp://nobody:nothing@berlin.invalid:5672/shop" },
};

/** A cluster with something in each list of the topology. */
const propsOf = (version: LabVersion, tls: TlsProps | undefined): ModernProps => ({
  namespace: "messaging",
  version,
  ...(tls !== undefined && { tls }),
  resources: { memory: "1Gi", cpu: "100m" },
  lifecycle: { awaitQuorumSeconds: 15, drainSeconds: 15, minReadySeconds: 0 },
  celery: { python: false },
  monitoring: true,
  vhosts: [{ name: "shop", description: "the shop's", limits: { maxQueues: 50 } }],
  users: [{ name: "web", password: { name: "web-user", key: "password" }, tags: ["monitoring"] }],
  permissions: [{ user: "web", vhost: "shop" }],
  topicPermissions: [{ user: "web", vhost: "shop", exchange: "events" }],
  policies: [{ name: "limits", vhost: "shop", pattern: "^tasks", definition: { "max-length": 100_000 } }],
  operatorPolicies: [{ name: "ttl", vhost: "shop", pattern: ".*", definition: { "message-ttl": 86_400_000 } }],
  queues: [
    { name: "tasks", vhost: "shop", type: "quorum" },
    { name: "moved", vhost: "shop" },
    // Its type is the vhost's, and nothing but the definitions declares it.
    { name: "untyped", vhost: "shop" },
    { name: "urgent", vhost: "shop", type: "classic", arguments: { "x-max-priority": 5 } },
  ],
  exchanges: [{ name: "events", vhost: "shop", type: "topic" }],
  bindings: [{ vhost: "shop", source: "events", destination: "tasks", routingKey: "task.#" }],
  federationUpstreams: [{ name: "berlin", vhost: "shop", uri: { name: "berlin", key: "uri" } }],
  shovels: [{ name: "mover", vhost: "shop", source: { queue: "urgent" }, destination: { queue: "moved" } }],
});

/** The manifests, and the Secrets they refer to. */
function yamlOf(props: ModernProps, certificate: Readonly<Record<string, string>> | null): string {
  const { tls } = props;
  const all = {
    ...secrets,
    ...(tls?.secretName !== undefined && certificate !== null && { [tls.secretName]: certificate }),
  };
  return toYaml(renderCluster(props).manifests) + secretsYaml("messaging", all);
}

const pods = ["rabbitmq-0", "rabbitmq-1", "rabbitmq-2"];
const payloads = Array.from({ length: 20 }, (_, index) => String(index));

/** Every metric that the alerts and the dashboard of a cluster use. */
function metricsOf(given: ModernProps): readonly string[] {
  const { cluster } = resolveCluster(given);
  const expressions = [...alertRules(cluster).map(({ expr }) => expr), ...Object.values(dashboard(cluster).data ?? {})];
  const names = [...expressions.join("\n").matchAll(/\b((?:rabbitmq|erlang)_[a-z_]+)\{/g)].map(
    (match) => match[1] ?? "",
  );
  return [...new Set(names)].toSorted();
}

/** What a case may do with the running cluster. */
export interface ModernCluster {
  readonly lab: () => RabbitLab;
  readonly login: string;
}

/**
 * The cases of one version, which use one cluster in turn: each has queues of its own and leaves three nodes that run.
 * `more` are a version's own.
 */
export function describeModern(
  version: LabVersion,
  tls?: TlsProps,
  more: (cluster: ModernCluster) => void = () => undefined,
): void {
  describe(`a modern cluster on ${version}`, () => {
    cases(version, propsOf(version, tls), more);
  });
}

function cases(version: LabVersion, props: ModernProps, more: (cluster: ModernCluster) => void): void {
  const certificate = props.tls === undefined ? null : makeCertificate(resolveCluster(props).cluster);
  let lab: RabbitLab;
  const ask = (method: string, path: string, body?: unknown): ReturnType<RabbitLab["management"]> =>
    lab.management("rabbitmq-0", login, method, path, body);
  const bodyOf = async (path: string): Promise<unknown> => (await ask("GET", path)).body;
  /** Says how long something took until all pods were ready. */
  async function untilReady(what: string, started: number): Promise<void> {
    await lab.ready(240);
    console.log(`RabbitMQ ${version}: ${what} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }

  /** A quorum queue on three nodes with messages in it. */
  async function fill(queue: string): Promise<void> {
    const type = { "x-queue-type": "quorum" };
    expect((await ask("PUT", `queues/shop/${queue}`, { durable: true, arguments: type })).status).toBe(201);
    expect(await lab.publish("rabbitmq-0", login, "shop", queue, payloads.length)).toBe(payloads.length);
    const members = async (): Promise<unknown> =>
      ((await bodyOf(`queues/shop/${queue}`)) as { members?: unknown[] }).members?.length;
    await expect.poll(members, { timeout: 60_000, interval: 500 }).toBe(3);
    // A node writes the name of a new queue to its disk up to some seconds later, and forgets one that it has not written.
    const written = `grep -qr --include=names.dets shop_${queue} /var/lib/rabbitmq`;
    const isWritten = (pod: string): Promise<boolean> =>
      lab.exec(pod, "sh", "-c", written).then(
        () => true,
        () => false,
      );
    for (const pod of pods) await expect.poll(() => isWritten(pod), { timeout: 60_000, interval: 500 }).toBe(true);
  }

  /**
   * All messages of a queue by their numbers, each put back: an answer that is lost while the queue elects a leader, which
   * RabbitMQ may still name by its former one, then loses no message.
   */
  async function messagesOf(queue: string): Promise<readonly string[]> {
    let messages: readonly string[] = [];
    const count = async (): Promise<number> => {
      messages = await lab.look("rabbitmq-0", login, "shop", queue).catch(() => []);
      return messages.length;
    };
    await expect.poll(count, { timeout: 120_000, interval: 500 }).toBe(payloads.length);
    return messages.toSorted((one, other) => Number(one) - Number(other));
  }

  beforeAll(async () => {
    const started = performance.now();
    lab = await RabbitLab.start("messaging", yamlOf(props, certificate));
    await untilReady("three nodes formed", started);
    // A node that ended and began anew is well, for the kubelet starts it again; but it should be known.
    for (const line of await lab.exits(pods)) console.log(`RabbitMQ ${version}, while it formed: ${line}`);
    const answers = async (): Promise<boolean> => (await ask("GET", "whoami").catch(() => null))?.status === 200;
    await vi.waitUntil(answers, { timeout: 60_000, interval: 500 });
  });
  afterAll(() => lab?.stop());

  it("lets users in by passwords with any character", async () => {
    expect(await bodyOf("whoami")).toMatchObject({ name: 'ad"min' });
    expect((await lab.management("rabbitmq-1", 'web:w"eb\\', "GET", "whoami")).body).toMatchObject({ name: "web" });
    expect((await lab.management("rabbitmq-1", "web:web", "GET", "whoami")).status).toBe(401);
  });

  it("holds its topology", async () => {
    expect(await bodyOf("queues/shop/moved")).toMatchObject({ type: "quorum", durable: true });
    expect(await bodyOf("queues/shop/untyped")).toMatchObject({ type: "quorum", durable: true });
    expect(await bodyOf("queues/shop/urgent")).toMatchObject({ type: "classic", arguments: { "x-max-priority": 5 } });
    await expect
      .poll(() => bodyOf("queues/shop/tasks"), { timeout: 30_000, interval: 500 })
      .toMatchObject({ type: "quorum", policy: "limits", operator_policy: "ttl" });
    expect((await ask("GET", "permissions/shop/web")).status).toBe(200);
    expect((await ask("GET", "parameters/federation-upstream/shop/berlin")).status).toBe(200);
    // A shovel starts behind the import of definitions; its state says why where it does not.
    await expect
      .poll(() => bodyOf("shovels/shop"), { timeout: 120_000, interval: 500 })
      .toMatchObject([{ name: "mover", state: "running" }]);
    expect(await lab.publish("rabbitmq-0", login, "shop", "urgent", payloads.length)).toBe(payloads.length);
    expect(await messagesOf("moved")).toHaveLength(payloads.length);
  });

  it("serves every metric that alerts and the dashboard use", async () => {
    const used = metricsOf(props);
    expect(used.length).toBeGreaterThan(15);
    const page = async (path: string): Promise<string> => (await lab.page("rabbitmq-0", 15692, path)).text;
    const served = `${await page("/metrics")}\n${await page("/metrics/detailed?family=queue_coarse_metrics&family=queue_consumer_count")}`;
    expect(used.filter((name) => !new RegExp(`^(# TYPE )?${name}[ {]`, "m").test(served))).toEqual([]);
  });

  more({ lab: () => lab, login });

  it("rolls with one node down at most, no message lost, and what someone deleted from its topology back", async () => {
    await fill("rolled");
    expect((await ask("DELETE", "queues/shop/tasks")).status).toBe(204);
    const before = await lab.lastEvent();
    const started = performance.now();
    await lab.apply(yamlOf({ ...props, podAnnotations: { changed: "yes" } }, certificate));
    await untilReady("rolled", started);
    expect(await lab.mostDown(pods.length, before)).toBe(1);
    expect(await lab.exits(pods, before)).toEqual([]);
    expect(await messagesOf("rolled")).toEqual(payloads);
    expect(await bodyOf("queues/shop/tasks")).toMatchObject({ type: "quorum" });
  });

  it("serves on, and is whole again by itself, when the machine of a pod reboots", async () => {
    await fill("rebooted");
    const before = await lab.pods();
    const started = performance.now();
    const booted = lab.reboot("rabbitmq-1", 2);
    // The others serve on.
    expect(await messagesOf("rebooted")).toEqual(payloads);
    await booted;
    await untilReady("back after a reboot", started);
    const addresses = (found: typeof before): readonly string[] =>
      found.filter(({ name }) => name === "rabbitmq-1").map(({ ip }) => ip);
    expect(addresses(await lab.pods())).not.toEqual(addresses(before));
    expect(await messagesOf("rebooted")).toEqual(payloads);
  });

  // A node of 3.10.8 may not return: docs/kubernetes.md says what was seen.
  const survivesDarkness =
    version === "3.10.8" ? [] : ["comes back with all messages when all machines lose their power"];
  it.each(survivesDarkness)("%s at once", async () => {
    await fill("dark");
    const started = performance.now();
    await Promise.all(pods.map((pod) => lab.reboot(pod, 1)));
    await untilReady("back after a power cut of all machines", started);
    expect(await messagesOf("dark")).toEqual(payloads);
  });

  it("comes back with all messages when all nodes are killed at once", async () => {
    await fill("lost");
    // A queue of its definitions that must be declared while no node runs yet.
    expect((await ask("DELETE", "queues/shop/urgent")).status).toBe(204);
    const started = performance.now();
    await Promise.all(pods.map((pod) => lab.kill(pod)));
    await untilReady("back from nothing", started);
    expect(await messagesOf("lost")).toEqual(payloads);
    expect(await bodyOf("queues/shop/urgent")).toMatchObject({ type: "classic" });
    for (const { name, restarts } of await lab.pods())
      console.log(`RabbitMQ ${version}: ${name} began ${restarts + 1} times`);
  });
}
