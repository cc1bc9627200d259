import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ModernProps } from "../../src/cluster/props.ts";
import { RefusedPropsError } from "../../src/refusal/refusal.ts";
import { renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";

const queues = [{ name: "q", vhost: "/" }];
const exchanges = [{ name: "e", vhost: "/", type: "topic" }];
const users = [{ name: "u", password: { name: "u", key: "password" } }];
const tls = { secretName: "tls" };
const upstream = { name: "f", vhost: "/", uri: { name: "f", key: "uri" } };
const shovel = { name: "s", vhost: "/", source: { queue: "q" }, destination: { queue: "r" } };
const policy = { name: "p", vhost: "/", pattern: ".*", definition: { expires: 1000 } };
const binding = { vhost: "/", source: "e", destination: "q" };
const permission = { user: "u", vhost: "/" };
const topic = { user: "u", vhost: "/", exchange: "e" };

/** By prop: what it is given beside what is there without it. */
const samples: Readonly<Record<string, readonly [given: Partial<ModernProps>, without?: Partial<ModernProps>]>> = {
  name: [{ name: "other" }],
  namespace: [{ namespace: "other" }],
  version: [{ version: "4.2" }],
  replicas: [{ replicas: 5 }],
  image: [{ image: "registry.example.com/rabbitmq:4.3" }],
  imagePullPolicy: [{ imagePullPolicy: "Always" }],
  imagePullSecrets: [{ imagePullSecrets: [{ name: "registry" }] }],
  runAs: [{ runAs: { uid: 1000, gid: 1000 } }],
  clusterDomain: [{ clusterDomain: "k8s.example" }],
  credentialsSecret: [{ credentialsSecret: "admin" }],
  erlangCookieSecret: [{ erlangCookieSecret: "cookie" }],
  "storage.size": [{ storage: { size: "20Gi" } }],
  "storage.className": [{ storage: { className: "fast" } }],
  "storage.whenDeleted": [{ storage: { whenDeleted: "Retain" } }],
  "storage.whenScaled": [{ storage: { whenScaled: "Retain" } }],
  "resources.memory": [{ resources: { memory: "4Gi" } }],
  "resources.cpu": [{ resources: { cpu: "2" } }],
  "resources.cpuLimit": [{ resources: { cpuLimit: "4" } }],
  memoryWatermark: [{ memoryWatermark: 0.4 }],
  defaultQueueType: [{ defaultQueueType: "classic" }],
  "celery.longestTaskSeconds": [{ celery: { longestTaskSeconds: 60 } }, { celery: true }],
  "celery.python": [{ celery: { python: false } }, { celery: true }],
  plugins: [{ plugins: ["rabbitmq_stream"] }],
  conf: [{ conf: { channel_max: 5 } }],
  'conf["log.console.level"]': [{ conf: { "log.console.level": "debug" } }],
  'conf["cluster_name"]': [{ conf: { cluster_name: "other" } }],
  'conf["cluster_formation.discovery_retry_limit"]': [{ conf: { "cluster_formation.discovery_retry_limit": 3 } }],
  'conf["management.tcp.compress"]': [{ conf: { "management.tcp.compress": true } }],
  'conf["prometheus.tcp.idle_timeout"]': [{ conf: { "prometheus.tcp.idle_timeout": 1000 } }],
  advancedConfig: [{ advancedConfig: "[{rabbit, []}]." }],
  "service.ipFamilyPolicy": [{ service: { ipFamilyPolicy: "PreferDualStack" } }],
  "service.ipFamily": [{ service: { ipFamily: "IPv6" } }],
  secretEnv: [{ secretEnv: { LDAP: { name: "ldap", key: "password" } } }],
  "tls.issuer": [{ tls: { issuer: { name: "ca" } } }],
  "tls.secretName": [{ tls }],
  "tls.keepPlain": [{ tls: { ...tls, keepPlain: true } }, { tls }],
  "tls.verifyClients": [{ tls: { ...tls, verifyClients: true } }, { tls }],
  "tls.interNode": [{ tls: { ...tls, interNode: true } }, { tls }],
  "tls.dnsNames": [{ tls: { issuer: { name: "ca" }, dnsNames: ["a.example"] } }, { tls: { issuer: { name: "ca" } } }],
  networkPolicy: [{ networkPolicy: true }],
  monitoring: [{ monitoring: true }],
  managementRoute: [{ managementRoute: { host: "a.example", ingress: {} } }],
  "scheduling.nodeSelector": [{ scheduling: { nodeSelector: { disk: "ssd" } } }],
  "scheduling.tolerations": [{ scheduling: { tolerations: [{ key: "a", operator: "Exists" }] } }],
  "scheduling.priorityClassName": [{ scheduling: { priorityClassName: "high" } }],
  "scheduling.hostSpread": [{ scheduling: { hostSpread: "required" } }],
  "scheduling.affinity": [{ scheduling: { affinity: { podAntiAffinity: {} } } }],
  "lifecycle.startupSeconds": [{ lifecycle: { startupSeconds: 60 } }],
  "lifecycle.awaitQuorumSeconds": [{ lifecycle: { awaitQuorumSeconds: 10 } }],
  "lifecycle.drainSeconds": [{ lifecycle: { drainSeconds: 10 } }],
  "lifecycle.minReadySeconds": [{ lifecycle: { minReadySeconds: 0 } }],
  "service.type": [{ service: { type: "NodePort" } }],
  "service.annotations": [{ service: { annotations: { a: "b" } } }],
  "pod.volumes": [{ pod: { volumes: [{ name: "a", emptyDir: "", path: "/a" }] } }],
  "pod.initContainers": [{ pod: { initContainers: [{ name: "a", image: "a" }] } }],
  "pod.containers": [{ pod: { containers: [{ name: "a", image: "a" }] } }],
  "pod.ports": [{ pod: { ports: [{ name: "own", port: 12_345 }] } }],
  "pod.readinessProbe": [{ pod: { readinessProbe: { periodSeconds: 9 } } }],
  "pod.startupProbe": [{ pod: { startupProbe: { periodSeconds: 9 } } }],
  "pod.livenessProbe": [{ pod: { livenessProbe: { periodSeconds: 9 } } }],
  labels: [{ labels: { a: "b" } }],
  annotations: [{ annotations: { a: "b" } }],
  podAnnotations: [{ podAnnotations: { a: "b" } }],
  "vhosts[0].description": [{ vhosts: [{ name: "/", description: "a" }] }],
  "vhosts[0].tags": [{ vhosts: [{ name: "/", tags: ["a"] }] }],
  "vhosts[0].defaultQueueType": [{ vhosts: [{ name: "/", defaultQueueType: "classic" }] }],
  "vhosts[0].limits": [{ vhosts: [{ name: "/", limits: { maxQueues: 5 } }] }],
  users: [{ users }],
  "users[0].tags": [
    { users: [{ name: "u", password: { name: "u", key: "password" }, tags: ["monitoring"] }] },
    { users },
  ],
  "users[0].password.key": [{ users: [{ name: "u", password: { name: "u", key: "secret" } }] }, { users }],
  "permissions[0].configure": [
    { users, permissions: [{ ...permission, configure: "a" }] },
    { users, permissions: [permission] },
  ],
  "permissions[0].write": [
    { users, permissions: [{ ...permission, write: "a" }] },
    { users, permissions: [permission] },
  ],
  "permissions[0].read": [
    { users, permissions: [{ ...permission, read: "a" }] },
    { users, permissions: [permission] },
  ],
  "topicPermissions[0].write": [
    { users, topicPermissions: [{ ...topic, write: "a" }] },
    { users, topicPermissions: [topic] },
  ],
  "topicPermissions[0].read": [
    { users, topicPermissions: [{ ...topic, read: "a" }] },
    { users, topicPermissions: [topic] },
  ],
  "policies[0].applyTo": [{ policies: [{ ...policy, applyTo: "all" }] }, { policies: [policy] }],
  "policies[0].priority": [{ policies: [{ ...policy, priority: 3 }] }, { policies: [policy] }],
  operatorPolicies: [{ operatorPolicies: [policy] }],
  "queues[0].type": [{ queues: [{ name: "q", vhost: "/", type: "classic" }] }, { queues }],
  "queues[0].durable": [
    {
      queues: [{ name: "q", vhost: "/", type: "classic", durable: false }],
      celery: true,
      conf: { "deprecated_features.permit.transient_nonexcl_queues": true },
    },
    {
      queues: [{ name: "q", vhost: "/", type: "classic" }],
      celery: true,
      conf: { "deprecated_features.permit.transient_nonexcl_queues": true },
    },
  ],
  "queues[0].autoDelete": [{ queues: [{ name: "q", vhost: "/", autoDelete: true }] }, { queues }],
  "queues[0].arguments": [{ queues: [{ name: "q", vhost: "/", arguments: { "x-expires": 5 } }] }, { queues }],
  "exchanges[0].durable": [{ exchanges: [{ name: "e", vhost: "/", type: "topic", durable: false }] }, { exchanges }],
  "exchanges[0].autoDelete": [
    { exchanges: [{ name: "e", vhost: "/", type: "topic", autoDelete: true }] },
    { exchanges },
  ],
  "exchanges[0].internal": [{ exchanges: [{ name: "e", vhost: "/", type: "topic", internal: true }] }, { exchanges }],
  "exchanges[0].arguments": [
    { exchanges: [{ name: "e", vhost: "/", type: "topic", arguments: { a: 1 } }] },
    { exchanges },
  ],
  "bindings[0].destinationType": [
    { queues, exchanges, bindings: [{ ...binding, destination: "e", destinationType: "exchange" }] },
    { queues, exchanges, bindings: [binding] },
  ],
  "bindings[0].routingKey": [
    { queues, exchanges, bindings: [{ ...binding, routingKey: "a" }] },
    { queues, exchanges, bindings: [binding] },
  ],
  "bindings[0].arguments": [
    { queues, exchanges, bindings: [{ ...binding, arguments: { a: 1 } }] },
    { queues, exchanges, bindings: [binding] },
  ],
  ...Object.fromEntries(
    Object.entries({
      prefetchCount: 5,
      reconnectDelaySeconds: 7,
      ackMode: "no-ack",
      exchange: "e",
      queue: "q",
      maxHops: 3,
    }).map(([prop, value]) => [
      `federationUpstreams[0].${prop}`,
      [{ federationUpstreams: [{ ...upstream, [prop]: value }] }, { federationUpstreams: [upstream] }],
    ]),
  ),
  "federationUpstreams[0].uri.key": [
    { federationUpstreams: [{ ...upstream, uri: { name: "f", key: "other" } }] },
    { federationUpstreams: [upstream] },
  ],
  ...Object.fromEntries(
    Object.entries({ prefetchCount: 5, reconnectDelaySeconds: 7, ackMode: "no-ack" }).map(([prop, value]) => [
      `shovels[0].${prop}`,
      [{ shovels: [{ ...shovel, [prop]: value }] }, { shovels: [shovel] }],
    ]),
  ),
  "shovels[0].source": [
    { shovels: [{ ...shovel, source: { exchange: "e", routingKey: "a" } }] },
    { shovels: [shovel] },
  ],
  "shovels[0].destination": [
    { shovels: [{ ...shovel, destination: { exchange: "e", routingKey: "a" } }] },
    { shovels: [shovel] },
  ],
  "shovels[0].source.uri.key": [
    { shovels: [{ ...shovel, source: { queue: "q", uri: { name: "a", key: "uri" } } }] },
    { shovels: [shovel] },
  ],
  "shovels[0].destination.uri.name": [
    {
      shovels: [
        {
          ...shovel,
          source: { queue: "q", uri: { name: "a", key: "srcUri" } },
          destination: { queue: "r", uri: { name: "b", key: "destUri" } },
        },
      ],
    },
    { shovels: [shovel] },
  ],
};

/** Props that only decide what is refused. */
const checksOnly = new Set(["preset", "from", "fromReplicas"]);

function render(props: Partial<ModernProps>): string {
  return JSON.stringify(renderOperatorCluster({ namespace: "messaging", version: "4.3.6", ...props }));
}

/** Whether more props change what is rendered, are refused, or are dropped in silence. */
function fate(given: Partial<ModernProps>, without: Partial<ModernProps>): string {
  const before = render(without);
  try {
    return render(given) === before ? "dropped" : "rendered";
  } catch (error) {
    if (!(error instanceof RefusedPropsError)) throw error;
    return `refused: ${error.refusals.map((refusal) => refusal.prop).join(", ")}`;
  }
}

/** Every prop of an interface in a file of the sources. */
function propsOf(file: string, name: string): readonly string[] {
  const source = readFileSync(new URL(`../../src/cluster/${file}.ts`, import.meta.url), "utf8");
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(source)?.[1] ?? "";
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, prop = ""]) => prop);
}

describe("each prop of a cluster of the operators", () => {
  it.each(Object.entries(samples))("%s is rendered, or refused by its name", (prop, [given, without = {}]) => {
    expect(["rendered", `refused: ${prop}`]).toContain(fate(given, without));
  });

  it.each([
    ["ModernProps", "props", ""],
    ["Topology", "topology", ""],
    ["StorageProps", "props", "storage."],
    ["ResourceProps", "props", "resources."],
    ["TlsProps", "props", "tls."],
    ["SchedulingProps", "props", "scheduling."],
    ["LifecycleProps", "props", "lifecycle."],
    ["ServiceProps", "props", "service."],
    ["CeleryProps", "props", "celery."],
    ["PodProps", "pod-props", "pod."],
  ])("of %s has its sample here", (name, file, prefix) => {
    const known = propsOf(file, name);
    expect(known.length).toBeGreaterThan(1);
    const missing = known
      .filter((prop) => !checksOnly.has(prop))
      .filter((prop) => !Object.keys(samples).some((sample) => new RegExp(`^${prefix}${prop}($|[.[])`).test(sample)));
    expect(missing).toEqual([]);
  });
});
