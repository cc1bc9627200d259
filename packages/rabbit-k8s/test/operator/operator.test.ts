import { describe, expect, it } from "vitest";
import type { ModernProps } from "../../src/cluster/props.ts";
import { renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";
import { resourceName } from "../../src/operator/resource-name.ts";
import { everything } from "../samples.ts";
import { View } from "../view.ts";

const { tls, ...rest } = everything("4.3.6");
const props: ModernProps = {
  ...rest,
  tls: { ...tls, interNode: false },
  networkPolicy: false,
  monitoring: false,
  vhosts: [{ name: "shop", limits: { maxConnections: 500, maxQueues: 100 } }, { name: "/" }],
  shovels: [
    {
      name: "old",
      vhost: "shop",
      source: { uri: { name: "old", key: "srcUri" }, queue: "tasks" },
      destination: { queue: "web.tasks" },
    },
  ],
};
const { managementRoute: _route, ...plain } = props;
const rendered = renderOperatorCluster(plain);
const objects = rendered.manifests.map((manifest) => new View(manifest));
const only = (kind: string): View => objects.find((object) => object.kind === kind)!;

describe("the cluster operator's resource", () => {
  it("says the same as the plain cluster, and leaves to the operator what it makes itself", () => {
    const cluster = only("RabbitmqCluster");
    expect(cluster.at("spec", "replicas")).toBe(5);
    expect(cluster.at("spec", "persistence")).toEqual({ storageClassName: "fast", storage: "20Gi" });
    expect(cluster.at("spec", "tls")).toEqual({
      secretName: "orders-tls",
      caSecretName: "orders-tls",
      disableNonTLSListeners: true,
    });
    const conf = cluster.text("spec", "rabbitmq", "additionalConfig");
    expect(conf).toContain("consumer_timeout = 86400000\n");
    expect(conf).toContain("channel_max = 512\n");
    expect(conf).not.toMatch(/cluster_formation|definitions\.|listeners|total_memory/);
    expect(cluster.at("spec", "rabbitmq", "additionalPlugins")).not.toContain("rabbitmq_management");
  });

  it("does not leave pods terminating for a week", () => {
    expect(only("RabbitmqCluster").at("spec", "terminationGracePeriodSeconds")).toBe(180);
  });
});

describe("what the operators want of Secrets", () => {
  it("is printed: the label, both names of a user, both URIs of a shovel", () => {
    const all = rendered.secretCommands.join("\n");
    expect(all).toContain(
      "create secret generic web-user --from-literal=username='web' --from-literal=password=PASSWORD",
    );
    expect(all).toContain("create secret generic old --from-literal=srcUri=URI --from-literal=destUri=URI");
    for (const name of ["web-user", "berlin", "old"])
      expect(all).toContain(`kubectl -n messaging label secret ${name} rabbitmq.com/topology-operator=true`);
    expect(all).toContain("create secret generic ldap --from-literal=password=VALUE");
  });

  it("is the whole default user where its Secret is named", () => {
    const { manifests, secretCommands } = renderOperatorCluster({ ...plain, credentialsSecret: "admin" });
    expect(secretCommands[0]).toMatch(
      /generic admin .*username=USER.*default_user\.conf="\$\(printf 'default_user = USER/,
    );
    const cluster = manifests.map((manifest) => new View(manifest)).find(({ kind }) => kind === "RabbitmqCluster");
    expect(cluster?.at("spec", "secretBackend")).toEqual({ externalSecret: { name: "admin" } });
  });

  it("is a certificate for the operator's names", () => {
    const dnsNames = only("Certificate").list<string>("spec", "dnsNames");
    expect(dnsNames).toContain("*.orders-nodes.messaging.svc.cluster.local");
    const secret = { ...plain, tls: { secretName: "orders-tls" } };
    expect(renderOperatorCluster(secret).secretCommands.join("\n")).toMatch(
      /generic orders-tls --from-file=tls\.crt.*orders-nodes/,
    );
  });
});

describe("the probe of the operator", () => {
  it.each([
    ["3.13", "true"],
    ["4.0.5", "true"],
    ["4.1", undefined],
    ["4.3.6", undefined],
  ])("is the former one on %s: %s", (version, value) => {
    const [cluster] = renderOperatorCluster({ namespace: "messaging", version }).manifests;
    expect(cluster?.metadata.annotations?.["rabbitmq.com/legacy-startup-probe"]).toBe(value);
  });
});

describe("the topology operator's resources", () => {
  it("hold all of the topology, each for this cluster", () => {
    expect(objects.map(({ kind }) => kind)).toEqual([
      "Certificate",
      "RabbitmqCluster",
      "Vhost",
      "Vhost",
      "User",
      "Permission",
      "TopicPermission",
      "Exchange",
      "Queue",
      "Queue",
      "Binding",
      "Policy",
      "OperatorPolicy",
      "Federation",
      "Shovel",
    ]);
    for (const object of objects.slice(2))
      expect(object.at("spec", "rabbitmqClusterReference")).toEqual({ name: "orders" });
  });

  it("never delete a queue or vhost together with its resource", () => {
    expect(only("Queue").at("spec", "deletionPolicy")).toBe("retain");
    expect(only("Vhost").at("spec", "deletionPolicy")).toBe("retain");
  });

  it("have names Kubernetes takes, and no two the same", () => {
    expect(resourceName("orders", "queue", "shop", "web.tasks")).toMatch(/^orders-queue-shop-web-tasks-[0-9a-f]{8}$/);
    expect(resourceName("a", "queue", "/", "b")).not.toBe(resourceName("a", "queue", "", "b"));
    expect(resourceName("x".repeat(200))).toHaveLength(63);
    expect(resourceName("plain", "name")).toBe("plain-name");
  });
});
