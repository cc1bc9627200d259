import { describe, expect, it } from "vitest";
import { renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";
import { resourceName } from "../../src/operator/resource-name.ts";
import { everything } from "../samples.ts";
import { View } from "../view.ts";

const objects = renderOperatorCluster(everything("4.3.6")).map((manifest) => new View(manifest));
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
