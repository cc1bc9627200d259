import * as fc from "fast-check";
import type { ModernProps, TlsProps } from "../src/cluster/props.ts";

/** The versions a modern cluster is rendered for, exact ones where a patch release changed something. */
export const modernVersions = [
  "3.10.8",
  "3.11",
  "3.12.10",
  "3.12.14",
  "3.13.2",
  "3.13",
  "4.0.5",
  "4.1",
  "4.2",
  "4.3.0",
  "4.3.6",
] as const;

/** Props that use everything a version can take. */
export function everything(version: string): ModernProps {
  return {
    name: "orders",
    namespace: "messaging",
    version,
    replicas: 5,
    imagePullPolicy: "IfNotPresent",
    imagePullSecrets: [{ name: "registry" }],
    storage: { size: "20Gi", className: "fast" },
    resources: { memory: "4Gi", cpu: "2", cpuLimit: "4" },
    celery: true,
    plugins: ["rabbitmq_stream", "rabbitmq_mqtt"],
    conf: { channel_max: 512, "log.console.level": "warning" },
    secretEnv: { LDAP_PASSWORD: { name: "ldap", key: "password" } },
    vhosts: [
      { name: "shop", description: "orders & more", tags: ["live"], limits: { maxConnections: 500, maxQueues: 100 } },
      { name: "/" },
    ],
    users: [{ name: "web", password: { name: "web-user", key: "password" }, tags: ["monitoring"] }],
    permissions: [{ user: "web", vhost: "shop", configure: "^web" }],
    topicPermissions: [{ user: "web", vhost: "shop", exchange: "events", read: "^a\\." }],
    policies: [
      {
        name: "limits",
        vhost: "shop",
        pattern: "^web",
        definition: { "max-length": 1000, overflow: "reject-publish" },
      },
    ],
    operatorPolicies: [{ name: "ttl", vhost: "shop", pattern: ".*", definition: { "message-ttl": 86_400_000 } }],
    queues: [
      { name: "web.tasks", vhost: "shop", type: "quorum" },
      { name: "web.urgent", vhost: "shop", type: "classic", arguments: { "x-max-priority": 5 } },
    ],
    exchanges: [{ name: "events", vhost: "shop", type: "topic" }],
    bindings: [{ vhost: "shop", source: "events", destination: "web.tasks", routingKey: "web.#" }],
    federationUpstreams: [{ name: "berlin", vhost: "shop", uri: { name: "berlin", key: "uri" } }],
    shovels: [
      {
        name: "old",
        vhost: "shop",
        source: { uri: { name: "old", key: "uri" }, queue: "tasks" },
        destination: { queue: "web.tasks" },
      },
    ],
    tls: {
      issuer: { name: "ca", kind: "ClusterIssuer" },
      interNode: true,
      verifyClients: true,
      dnsNames: ["rabbit.example.com"],
    },
    networkPolicy: { egress: [{ ipBlock: { cidr: "10.0.0.0/8" } }] },
    monitoring: { labels: { release: "prometheus" }, monitor: "ServiceMonitor" },
    managementRoute: { host: "rabbit.example.com", ingress: { className: "nginx", tlsSecretName: "rabbit-web" } },
    scheduling: {
      hostSpread: "required",
      priorityClassName: "high",
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "rabbit", operator: "Exists" }],
    },
    service: { type: "LoadBalancer", annotations: { "example.com/internal": "true" } },
    labels: { team: "shop" },
    annotations: { "example.com/owner": "shop" },
  };
}

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);

const tls: fc.Arbitrary<TlsProps> = fc.record(
  { issuer: fc.record({ name: label }), keepPlain: fc.boolean(), verifyClients: fc.boolean(), interNode: fc.boolean() },
  { requiredKeys: ["issuer"] },
);

/** Any props that are valid. */
export const anyProps: fc.Arbitrary<ModernProps> = fc
  .record(
    {
      name: label,
      namespace: label,
      version: fc.constantFrom(...modernVersions),
      replicas: fc.integer({ min: 1, max: 9 }),
      clusterDomain: fc.constantFrom("cluster.local", "k8s.example.com"),
      image: fc.constantFrom(
        "rabbitmq:4.3-management-alpine",
        `registry.example.com/rabbitmq@sha256:${"0".repeat(64)}`,
      ),
      resources: fc.record({ memory: fc.constantFrom("512Mi", "2Gi", "16Gi") }),
      storage: fc.record({ size: fc.constantFrom("1Gi", "100Gi"), className: fc.constantFrom("", "fast") }),
      memoryWatermark: fc.constantFrom(0.1, 0.4, 0.8),
      celery: fc.boolean(),
      plugins: fc.subarray([
        "rabbitmq_stream",
        "rabbitmq_mqtt",
        "rabbitmq_stomp",
        "rabbitmq_web_stomp",
        "rabbitmq_web_mqtt",
      ]),
      tls,
      networkPolicy: fc.boolean(),
      monitoring: fc.oneof(
        fc.boolean(),
        fc.record({ monitor: fc.constantFrom("PodMonitor" as const, "ServiceMonitor" as const, "none" as const) }),
      ),
      vhosts: fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1 }), description: fc.string() }), {
        selector: ({ name }) => name,
        minLength: 1,
        maxLength: 3,
      }),
      labels: fc.dictionary(label, label, { maxKeys: 2 }),
    },
    { requiredKeys: ["namespace", "version"] },
  )
  // Marks of secrets, and texts that kubectl would read as numbers, are refused.
  .filter(({ vhosts = [] }) => !/@secret\/|"[-+]?0[oOBX]/.test(JSON.stringify(vhosts)));
