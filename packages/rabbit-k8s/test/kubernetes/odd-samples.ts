import type { ModernProps, SeedProps } from "../../src/cluster/props.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import type { CeleryWorkersProps } from "../../src/workers/props.ts";
import { everything } from "../samples.ts";

const digest = `registry.example.com:5000/team/rabbitmq:4.3@sha256:${"0".repeat(64)}`;

const peers = [
  {
    podSelector: { matchLabels: { app: "shop" } },
    namespaceSelector: { matchExpressions: [{ key: "team", operator: "In", values: ["shop"] }] },
  },
  { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
  { ipBlock: { cidr: "fd00::/8", except: ["fd00:1::/32"] } },
];

const term = {
  topologyKey: "kubernetes.io/hostname",
  labelSelector: { matchLabels: { app: "shop" } },
  namespaces: ["shop"],
  matchLabelKeys: ["pod-template-hash"],
};

const affinity = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [
        {
          matchExpressions: [{ key: "cores", operator: "Gt", values: ["4"] }],
          matchFields: [{ key: "metadata.name", operator: "In", values: ["node-1"] }],
        },
      ],
    },
    preferredDuringSchedulingIgnoredDuringExecution: [
      { weight: 5, preference: { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] } },
    ],
  },
  podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: term }] },
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
};

const pod: NonNullable<ModernProps["pod"]> = {
  volumes: [
    { name: "plugins", emptyDir: "", path: "/opt/plugins" },
    { name: "scratch", emptyDir: "1Gi" },
    { name: "ldap", secret: "ldap-ca", path: "/etc/ldap" },
    { name: "scripts", configMap: "scripts" },
    { name: "shared", claim: "shared" },
  ],
  initContainers: [
    { name: "fetch", image: digest, command: ["cp"], args: ["a", "b"], mounts: { "/plugins": "plugins" } },
  ],
  containers: [
    {
      name: "logs",
      image: "shop/logs:1",
      env: { LEVEL: "info" },
      secretEnv: { TOKEN: { name: "logs", key: "token" } },
      mounts: { "/scripts": "scripts", "/tmp": "scratch" },
      resources: { cpu: "100m", memory: "128Mi" },
    },
  ],
  ports: [{ name: "own-protocol", port: 12_345 }],
};

const probes: NonNullable<ModernProps["pod"]> = {
  readinessProbe: {
    command: ["rabbitmq-diagnostics", "ping"],
    periodSeconds: 30,
    timeoutSeconds: 10,
    failureThreshold: 2,
  },
  startupProbe: { port: "own-protocol", periodSeconds: 5, timeoutSeconds: 2 },
  livenessProbe: { path: "/metrics", port: 15_692, failureThreshold: 9 },
};

const most: Partial<ModernProps> = {
  pod: { ...pod, ...probes },
  podAnnotations: { "example.com/seen": "yes" },
  credentialsSecret: "admin",
  erlangCookieSecret: "cookie",
  runAs: { uid: 1000, gid: 1000 },
  memoryWatermark: 0.4,
  image: digest,
  advancedConfig: "[{rabbit, []}].",
  clusterDomain: "k8s.example",
  storage: { size: "20Gi", className: "fast", whenDeleted: "Retain", whenScaled: "Delete" },
  lifecycle: { startupSeconds: 60, awaitQuorumSeconds: 10, drainSeconds: 10, minReadySeconds: 35 },
  networkPolicy: { clients: peers, management: peers, metrics: peers, egress: peers },
  monitoring: {
    monitor: "PodMonitor",
    labels: { release: "prometheus" },
    intervalSeconds: 15,
    alerts: true,
    dashboard: true,
  },
  managementRoute: { host: "*.example.com", gateway: { name: "public", namespace: "gateways", sectionName: "https" } },
  scheduling: {
    nodeSelector: { disk: "ssd" },
    priorityClassName: "high",
    affinity,
    tolerations: [
      { key: "rabbit", operator: "Equal", value: "a", effect: "NoExecute", tolerationSeconds: 60 },
      { operator: "Exists" },
    ],
  },
  service: {
    type: "NodePort",
    annotations: { "example.com/a": "b" },
    ipFamilyPolicy: "PreferDualStack",
    ipFamily: "IPv6",
  },
  celery: { longestTaskSeconds: 60, python: true },
};

const full = everything("4.3.6");

/** Clusters that use every prop. */
export const clusterSamples: readonly ModernProps[] = [
  full,
  { ...everything("3.10.8"), ...most },
  { ...everything("4.0.5"), ...most, tls: { secretName: "tls", dnsNames: [] } },
];

const { networkPolicy: _networkPolicy, monitoring: _monitoring, managementRoute: _managementRoute, ...operable } = full;

/** A cluster that uses every prop which the operators' resources can say. */
export const operatorSamples: readonly ModernProps[] = [
  {
    ...operable,
    vhosts: [{ name: "shop", tags: ["live"], limits: { maxConnections: 500, maxQueues: 100 } }, { name: "/" }],
    tls: { secretName: "tls", keepPlain: true, verifyClients: true },
    shovels: [
      {
        name: "old",
        vhost: "shop",
        source: { uri: { name: "old", key: "srcUri" }, queue: "tasks" },
        destination: { exchange: "events", routingKey: "a" },
      },
    ],
    credentialsSecret: "admin",
    runAs: { uid: 1000, gid: 1000 },
    podAnnotations: { "example.com/seen": "yes" },
    advancedConfig: "[{rabbit, []}].",
    lifecycle: { awaitQuorumSeconds: 10, drainSeconds: 10, minReadySeconds: 35 },
    scheduling: { ...full.scheduling, affinity },
    pod,
  },
];

const cluster = renderCluster(full).connection;

const workers: CeleryWorkersProps = {
  name: "workers",
  namespace: "shop",
  cluster,
  brokerUrl: { name: "broker", key: "url" },
  clientCertificate: "worker-tls",
  image: digest,
  imagePullPolicy: "Always",
  imagePullSecrets: [{ name: "registry" }],
  command: ["celery"],
  args: ["worker"],
  queues: ["celery", "mail"],
  scaling: {
    by: "queue",
    minReplicas: 0,
    maxReplicas: 9,
    messagesPerReplica: 5,
    credentials: { username: { name: "monitor", key: "username" }, password: { name: "monitor", key: "password" } },
  },
  taskTimeLimitSeconds: 600,
  health: { kind: "http", port: 8080 },
  resources: { cpu: "500m", memory: "1Gi" },
  env: { TZ: "UTC" },
  secretEnv: { DATABASE_URL: { name: "database", key: "url" } },
  runAs: { uid: 1000, gid: 1000 },
  networkPolicy: { ingress: peers, egress: peers },
  labels: { team: "shop" },
};

const { scaling: _scaling, ...unscaled } = workers;

/** Workers that use every prop. */
export const workerSamples: readonly CeleryWorkersProps[] = [
  workers,
  { ...workers, scaling: { by: "cpu", minReplicas: 1, maxReplicas: 9, targetPercent: 70 } },
  { ...unscaled, replicas: 3, health: { kind: "heartbeat", file: "/tmp/beat", maxAgeSeconds: 120 } },
];

/** The original document's cluster with every prop. */
export const seedSamples: readonly SeedProps[] = [
  {
    preset: "seed",
    namespace: "messaging",
    version: "3.13",
    image: digest,
    replicas: 3,
    clusterDomain: "k8s.example",
    storage: { size: "20Gi", className: "fast" },
    secretValues: { erlangCookie: "cookie", adminPassword: "password" },
  },
];
