import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { checkManifests } from "../../src/check/check.ts";
import { readManifests } from "../../src/check/source.ts";

// Written by hand, with what the rules read, after what the charts are known to render with three replicas.

const conf = (...lines: readonly string[]): string => `${lines.join("\n")}\n`;

const rules = (objects: readonly object[]): readonly string[] => {
  const text = objects.map((object) => stringify(object)).join("---\n");
  return checkManifests(readManifests("chart.yaml", text), null).findings.map(
    ({ rule, severity, line }) => `${rule} ${severity} ${text.split("\n")[line - 1]?.trim()}`,
  );
};

const set = (image: string, volumes: readonly object[], more: object): object => ({
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "my-rabbitmq", namespace: "default" },
  spec: {
    replicas: 3,
    serviceName: "my-rabbitmq-headless",
    selector: { matchLabels: { "app.kubernetes.io/name": "rabbitmq" } },
    template: {
      metadata: { labels: { "app.kubernetes.io/name": "rabbitmq" } },
      spec: { containers: [{ name: "rabbitmq", image, ...more }], volumes },
    },
  },
});

/** bitnami/rabbitmq 16: the configuration is a projected Secret, with the password in the environment. */
const bitnami = (extra: readonly string[]): readonly object[] => {
  const text = conf(
    "default_user = user",
    "cluster_formation.peer_discovery_backend = rabbit_peer_discovery_k8s",
    "cluster_formation.k8s.host = kubernetes.default",
    "cluster_formation.k8s.address_type = hostname",
    "cluster_partition_handling = autoheal",
    ...extra,
  );
  const data = { "rabbitmq.conf": Buffer.from(text).toString("base64") };
  return [
    { apiVersion: "v1", kind: "Secret", metadata: { name: "my-rabbitmq-config", namespace: "default" }, data },
    set(
      "docker.io/bitnami/rabbitmq:4.1.3-debian-12-r1",
      [{ name: "configuration", projected: { sources: [{ secret: { name: "my-rabbitmq-config" } }] } }],
      {
        livenessProbe: { exec: { command: ["sh", "-ec", "rabbitmq-diagnostics -q ping"] } },
        readinessProbe: { exec: { command: ["sh", "-ec", "rabbitmq-diagnostics -q check_running"] } },
      },
    ),
  ];
};

/** CloudPirates rabbitmq 0.21: a ConfigMap, and peer discovery only where values ask for it. */
const cloudPirates = (formation: readonly string[]): readonly object[] => [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "my-rabbitmq-config", namespace: "default" },
    data: { "rabbitmq.conf": conf("listeners.tcp.default = 5672", "management.tcp.port = 15672", ...formation) },
  },
  set(
    `docker.io/rabbitmq:4.1.3-management@sha256:${"0".repeat(64)}`,
    [{ name: "config", configMap: { name: "my-rabbitmq-config" } }],
    { readinessProbe: { tcpSocket: { port: 5672 } } },
  ),
];

describe("check on a chart that keeps its configuration in a Secret", () => {
  it("reads the Secret, and finds a key that no release knows", () => {
    expect(rules(bitnami([])).filter((rule) => rule.startsWith("conf-"))).toEqual([]);
    expect(rules(bitnami(["no_such_key = 1"]))).toContainEqual(
      expect.stringMatching(/^conf-key error rabbitmq\.conf:/),
    );
  });

  it("finds the order of starting and the probes, and no missing discovery", () => {
    const found = rules(bitnami([])).join("\n");
    expect(found).toMatch(/ordered-ready error/);
    expect(found).toMatch(/liveness-probe warning/);
    expect(found).not.toContain("peer-discovery");
  });
});

describe("check on a chart without peer discovery", () => {
  it("finds three brokers behind one Service", () => {
    expect(rules(cloudPirates([])).join("\n")).toMatch(/peer-discovery error rabbitmq\.conf:/);
    const backend = "cluster_formation.peer_discovery_backend = k8s";
    expect(rules(cloudPirates([backend])).join("\n")).not.toContain("peer-discovery");
  });
});
