import { describe, expect, it } from "vitest";
import { RefusedPropsError } from "../../src/refusal/refusal.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";

const base = { namespace: "messaging", version: "4.3.6" } as const;
const cluster = (props: object): void => void renderCluster({ ...base, ...props });
const workers = (props: object): void =>
  void renderWorkers({
    name: "workers",
    cluster: renderCluster(base).connection,
    image: "shop/worker:1",
    ...props,
  });

/** The props that a rendering refuses; empty where it renders. */
function refused(render: () => void): readonly string[] {
  try {
    render();
    return [];
  } catch (error) {
    if (!(error instanceof RefusedPropsError)) throw error;
    return error.refusals.map(({ prop }) => prop);
  }
}

const long = "a".repeat(64);
const route = (more: object): object => ({ managementRoute: { host: "a.example", ...more } });
const peer = (one: unknown): object => ({ networkPolicy: { clients: [one] } });
const toleration = (one: object): object => ({ scheduling: { tolerations: [one] } });
const affinity = (one: object): object => ({ scheduling: { affinity: one } });
const pods = (term: object): object =>
  affinity({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } });

const oddClusters: readonly (readonly [prop: string, props: object])[] = [
  ...["a b", "-a", "a-", long, "ä", "a/b/c", "A_/x", "/x", "x/", ""].map(
    (key) => [`labels["${key}"]`, { labels: { [key]: "x" } }] as const,
  ),
  ...["a b", "-a", long, "ä", "a/b", "a\n"].map((value) => ['labels["team"]', { labels: { team: value } }] as const),
  ...["name", "instance", "part-of", "managed-by"].map(
    (key) => [`labels["app.kubernetes.io/${key}"]`, { labels: { [`app.kubernetes.io/${key}`]: "mine" } }] as const,
  ),
  ...["a b", "-a", "a//b", ""].map((key) => [`annotations["${key}"]`, { annotations: { [key]: "x" } }] as const),
  ...[
    ["kubernetes.io/config.mirror", "x"],
    ["scheduler.alpha.kubernetes.io/tolerations", "[]"],
    ["container.apparmor.security.beta.kubernetes.io/rabbitmq", "x"],
    ["seccomp.security.alpha.kubernetes.io/pod", "x"],
    ...["", "1.5", "+1", "01", "2147483648", "-2147483649", "x"].map((cost) => [
      "controller.kubernetes.io/pod-deletion-cost",
      cost,
    ]),
  ].map(([key = "", value]) => [`podAnnotations["${key}"]`, { podAnnotations: { [key]: value } }] as const),
  ...[{ type: "ClusterIP" }, { type: "NodePort" }, {}].map(
    (service) =>
      [
        'service.annotations["service.beta.kubernetes.io/load-balancer-source-ranges"]',
        {
          service: {
            ...service,
            annotations: { "service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8" },
          },
        },
      ] as const,
  ),
  [
    'service.annotations["service.beta.kubernetes.io/load-balancer-source-ranges"]',
    {
      service: {
        type: "LoadBalancer",
        annotations: { "service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8, 10.0.0.0" },
      },
    },
  ],
  [
    'managementRoute.ingress.annotations["kubernetes.io/ingress.class"]',
    route({ ingress: { className: "nginx", annotations: { "kubernetes.io/ingress.class": "nginx" } } }),
  ],
  [
    'annotations["kubernetes.io/ingress.class"]',
    { ...route({ ingress: { className: "nginx" } }), annotations: { "kubernetes.io/ingress.class": "nginx" } },
  ],
  ['podAnnotations["a b"]', { podAnnotations: { "a b": "x" } }],
  ['service.annotations["a b"]', { service: { annotations: { "a b": "x" } } }],
  ["annotations", { annotations: { a: "x".repeat(262_145) } }],
  ["podAnnotations", { podAnnotations: { a: "x".repeat(262_145) } }],
  ['monitoring.labels["release"]', { monitoring: { labels: { release: "my release" } } }],
  ["monitoring.intervalSeconds", { monitoring: { intervalSeconds: 0 } }],
  ["monitoring.intervalSeconds", { monitoring: { intervalSeconds: 1.5 } }],
  ['scheduling.nodeSelector["disk"]', { scheduling: { nodeSelector: { disk: "my ssd" } } }],
  ['scheduling.nodeSelector["my disk"]', { scheduling: { nodeSelector: { "my disk": "ssd" } } }],
  ["scheduling.priorityClassName", { scheduling: { priorityClassName: "Very High" } }],
  ["scheduling.priorityClassName", { scheduling: { priorityClassName: "" } }],
  ["storage.className", { storage: { className: "Fast SSD" } }],
  ["storage.size", { storage: { size: "10 Gi" } }],
  ["storage.size", { storage: { size: "-10Gi" } }],
  ["storage.size", { storage: { size: "10GB" } }],
  ["storage.size", { storage: { size: "16Ei" } }],
  ["resources.memory", { resources: { memory: "2 GiB" } }],
  ["resources.cpuLimit", { resources: { cpu: "4", cpuLimit: "1" } }],
  ["resources.cpuLimit", { resources: { cpuLimit: "500m" } }],
  ["resources.cpu", { resources: { cpu: "0" } }],
  ["resources.cpu", { resources: { cpu: "NaN" } }],
  ["runAs.uid", { runAs: { uid: 1.5, gid: 999 } }],
  ["runAs.gid", { runAs: { uid: 999, gid: 2 ** 31 } }],
  ["runAs.uid", { runAs: { uid: Number.NaN, gid: 999 } }],
  ...["", " ", "my image", "Rabbit:4", "rabbitmq:", "rabbitmq:a b", "http://x/rabbitmq", "rabbitmq@sha256"].map(
    (image) => ["image", { image }] as const,
  ),
  ["imagePullSecrets[0].name", { imagePullSecrets: [{ name: "A B" }] }],
  ["imagePullSecrets[0].name", { imagePullSecrets: [{}] }],
  ["imagePullSecrets[0].nam", { imagePullSecrets: [{ name: "a", nam: "b" }] }],
  ["credentialsSecret", { credentialsSecret: "My Secret" }],
  ["erlangCookieSecret", { erlangCookieSecret: "" }],
  ["tls.secretName", { tls: { secretName: "My Secret" } }],
  ["tls.secretName", { tls: { secretName: "" } }],
  ["tls.issuer.name", { tls: { issuer: { name: "" } } }],
  ["tls.dnsNames[0]", { tls: { issuer: { name: "ca" }, dnsNames: ["https://a.example"] } }],
  ["tls.dnsNames[0]", { tls: { issuer: { name: "ca" }, dnsNames: ["a.*.example"] } }],
  ["users[0].password.name", { users: [{ name: "a", password: { name: "Bad Name", key: "b" } }] }],
  ["users[0].password.key", { users: [{ name: "a", password: { name: "b", key: "a/b" } }] }],
  [
    "federationUpstreams[0].uri.name",
    { federationUpstreams: [{ name: "a", vhost: "/", uri: { name: "A", key: "b" } }] },
  ],
  [
    "federationUpstreams[0].prefetchCount",
    { federationUpstreams: [{ name: "a", vhost: "/", uri: { name: "a", key: "b" }, prefetchCount: -1 }] },
  ],
  [
    "federationUpstreams[0].maxHops",
    { federationUpstreams: [{ name: "a", vhost: "/", uri: { name: "a", key: "b" }, maxHops: 0.5 }] },
  ],
  [
    "shovels[0].reconnectDelaySeconds",
    {
      shovels: [
        { name: "a", vhost: "/", source: { queue: "a" }, destination: { queue: "b" }, reconnectDelaySeconds: -1 },
      ],
    },
  ],
  [
    "policies[0].priority",
    { policies: [{ name: "a", vhost: "/", pattern: "", definition: { expires: 1 }, priority: 0.5 }] },
  ],
  ["vhosts[0].limits.maxQueues", { vhosts: [{ name: "/", limits: { maxQueues: 1.5 } }] }],
  ['secretEnv["1 A"]', { secretEnv: { "1 A": { name: "a", key: "b" } } }],
  ...[
    "Rabbit.Example.com",
    "https://a.example",
    "a.example:80",
    "a_b.example",
    "10.0.0.1",
    "",
    "*.*.example",
    `*.${"a.".repeat(126)}a`,
    "a..b",
  ].map((host) => ["managementRoute.host", { managementRoute: { host, ingress: {} } }] as const),
  ["managementRoute.ingress.className", route({ ingress: { className: "My Class" } })],
  ["managementRoute.ingress.tlsSecretName", route({ ingress: { tlsSecretName: "A B" } })],
  ['managementRoute.ingress.annotations["a b"]', route({ ingress: { annotations: { "a b": "c" } } })],
  ["managementRoute.gateway.name", route({ gateway: { name: "" } })],
  ["managementRoute.gateway.namespace", route({ gateway: { name: "a", namespace: "a.b" } })],
  ["managementRoute.gateway.sectionName", route({ gateway: { name: "a", sectionName: "A B" } })],
  ["networkPolicy.clients[0]", peer({})],
  ["networkPolicy.clients[0]", peer("all")],
  ["networkPolicy.clients[0]", peer({ podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } })],
  ["networkPolicy.clients[0].podSelectors", peer({ podSelectors: {} })],
  ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr: "10.0.0.0" } })],
  ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr: "10.0.0.256/8" } })],
  ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr: "fd00::/129" } })],
  // Kubernetes 1.36 asks for the first address of a block, and for IPv4 in its own form.
  ...["10.0.0.1/8", "10.1.0.0/15", "fd00::1/64", "fd00:1::/31", "::ffff:10.0.0.0/104", "::ffff:a00:0/128"].map(
    (cidr) => ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr } })] as const,
  ),
  ["networkPolicy.clients[0].ipBlock.except[0]", peer({ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } })],
  ['networkPolicy.clients[0].podSelector.matchLabels["a b"]', peer({ podSelector: { matchLabels: { "a b": "c" } } })],
  [
    "networkPolicy.clients[0].podSelector.matchExpressions[0].operator",
    peer({ podSelector: { matchExpressions: [{ key: "a", operator: "Is" }] } }),
  ],
  [
    "networkPolicy.clients[0].podSelector.matchExpressions[0].values",
    peer({ podSelector: { matchExpressions: [{ key: "a", operator: "In" }] } }),
  ],
  ["scheduling.tolerations[0].operator", toleration({ operator: "Equals" })],
  ["scheduling.tolerations[0].operator", toleration({ value: "a" })],
  ["scheduling.tolerations[0].effect", toleration({ key: "a", effect: "NoRun" })],
  ["scheduling.tolerations[0].key", toleration({ key: "a b", operator: "Exists" })],
  ["scheduling.tolerations[0].value", toleration({ key: "a", operator: "Exists", value: "b" })],
  ["scheduling.tolerations[0].tolerationSeconds", toleration({ key: "a", effect: "NoSchedule", tolerationSeconds: 5 })],
  ["scheduling.tolerations[0].kee", toleration({ kee: "a", operator: "Exists" })],
  ["scheduling.affinity.nodeAfinity", affinity({ nodeAfinity: {} })],
  [
    "scheduling.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey",
    pods({ topologyKey: "" }),
  ],
  ["scheduling.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey", pods({})],
  [
    "scheduling.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight",
    affinity({
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, podAffinityTerm: { topologyKey: "a" } }],
      },
    }),
  ],
  [
    "scheduling.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
    affinity({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } }),
  ],
  ["service.ipFamilyPolicy", { service: { ipFamilyPolicy: "IPv6" } }],
  ...["", "{rabbit, []}.", "[{rabbit, []}]", "% [].\n"].map(
    (advancedConfig) => ["advancedConfig", { advancedConfig }] as const,
  ),
  ["namespace", { namespace: "My Team" }],
  ["namespace", { namespace: "a.b" }],
  ["namespace", { namespace: "-a" }],
  ["name", { name: "2048" }],
  ["clusterDomain", { clusterDomain: "cluster..local" }],
  ["replicas", { replicas: 1.5 }],
  ["fromReplicas", { fromReplicas: Number.NaN }],
  ["lifecycle.startupSeconds", { lifecycle: { startupSeconds: 0.5 } }],
  ["lifecycle.minReadySeconds", { lifecycle: { minReadySeconds: -1 } }],
];

const oddWorkers: readonly (readonly [prop: string, props: object])[] = [
  ["health.port", { health: { kind: "http", port: 0 } }],
  ["health.port", { health: { kind: "http", port: 70_000 } }],
  ["health.port", { health: { kind: "http", port: 80.5 } }],
  ["health.maxAgeSeconds", { health: { kind: "heartbeat", file: "/tmp/a", maxAgeSeconds: 0 } }],
  ["namespace", { namespace: "My Team" }],
  ["image", { image: "" }],
  ["image", { image: "Shop/Worker" }],
  ["imagePullSecrets[0].name", { imagePullSecrets: [{ name: "A" }] }],
  ["brokerUrl.name", { brokerUrl: { name: "Bad Name", key: "url" } }],
  ["scaling.minReplicas", { scaling: { by: "queue", minReplicas: -1, maxReplicas: 3 } }],
  ["scaling.minReplicas", { scaling: { by: "cpu", minReplicas: 0, maxReplicas: 3 } }],
  ["scaling.minReplicas", { scaling: { by: "queue", minReplicas: 0.5, maxReplicas: 3 } }],
  ["scaling.messagesPerReplica", { scaling: { by: "queue", messagesPerReplica: 0, maxReplicas: 3 } }],
  ["scaling.targetPercent", { scaling: { by: "cpu", targetPercent: 0, maxReplicas: 3 } }],
  ["runAs.uid", { runAs: { uid: 0, gid: 1 } }],
  ["runAs.gid", { runAs: { uid: 1, gid: 2 ** 31 } }],
  ['labels["a b"]', { labels: { "a b": "c" } }],
  ['labels["team"]', { labels: { team: "my team" } }],
  ['labels["app.kubernetes.io/name"]', { labels: { "app.kubernetes.io/name": "mine" } }],
  ['env["MY VAR"]', { env: { "MY VAR": "x" } }],
  ['env["1A"]', { env: { "1A": "x" } }],
  ["replicas", { replicas: Number.POSITIVE_INFINITY }],
  ["taskTimeLimitSeconds", { taskTimeLimitSeconds: 0.5 }],
  ["resources.memory", { resources: { memory: "0" } }],
  ["resources.cpu", { resources: { cpu: "-1" } }],
];

const title = ([prop, props]: readonly [string, object]): string => `${prop} of ${JSON.stringify(props).slice(0, 120)}`;

describe("what the API server refuses, or what never works, is refused by name", () => {
  it.each(oddClusters.map((row) => [title(row), ...row] as const))("%s", (_, prop, props) => {
    expect(refused(() => cluster(props))).toContain(prop);
  });

  it.each(oddWorkers.map((row) => [title(row), ...row] as const))("workers: %s", (_, prop, props) => {
    expect(refused(() => workers(props))).toContain(prop);
  });

  it.each([
    ["image", { image: "My Image" }],
    ["storage.className", { storage: { className: "A B" } }],
    ["storage.size", { storage: { size: "0" } }],
    ["namespace", { namespace: "a.b" }],
    ["replicas", { replicas: 1.5 }],
  ])("the original document's %s", (prop, props) => {
    expect(refused(() => void renderCluster({ preset: "seed", ...props }))).toContain(prop);
  });
});

describe("what the API server takes", () => {
  it.each([
    { namespace: "2048-team" },
    ...[
      "0.0.0.0/0",
      "10.0.0.1/32",
      "255.255.255.254/31",
      "::/0",
      "fd00::1/128",
      "2001:DB8:0:1::/64",
      "64:ff9b::10.0.0.0/104",
    ].map((cidr) => peer({ ipBlock: { cidr } })),
    { podAnnotations: { "controller.kubernetes.io/pod-deletion-cost": "-2147483648" } },
    route({ ingress: { annotations: { "kubernetes.io/ingress.class": "nginx" } } }),
    {
      service: {
        type: "LoadBalancer",
        annotations: { "service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8, fd00::/8" },
      },
    },
    // Kubernetes bounds the whole name of an object, not its parts.
    { credentialsSecret: "a".repeat(253), storage: { className: "a".repeat(64) } },
    { labels: { [`${"a".repeat(64)}/team`]: "shop" } },
    {
      labels: { "example.com/team": "Shop_1.a", team: "", A: "b" },
      annotations: { "Example.com/Owner": "any text\n" },
    },
    {
      image:
        "registry.example.com:5000/a/b_c/rabbitmq:4.3-management@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    },
    { image: `rabbitmq@sha256:${"0".repeat(64)}` },
    { image: "localhost/rabbitmq" },
    { resources: { memory: "2e9", cpu: ".5", cpuLimit: "500m" }, storage: { size: "1.5Ti", className: "" } },
    { resources: { memory: "2147483648000m", cpu: "1500000u", cpuLimit: "2" } },
    route({ host: "*.example.com", ingress: {} }),
    route({ gateway: { name: "a", namespace: "2048-team" } }),
    peer({ podSelector: {}, namespaceSelector: { matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] } }),
    peer({ ipBlock: { cidr: "fd00::/8", except: ["fd00:1::/32"] } }),
    peer({ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }),
    toleration({ operator: "Exists" }),
    toleration({ key: "a", value: "b", effect: "NoExecute", tolerationSeconds: 5 }),
    pods({ topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { a: "b" } } }),
    affinity({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "cores", operator: "Gt", values: ["4"] }] }],
        },
      },
    }),
  ])("%j is rendered", (props) => {
    expect(refused(() => cluster(props))).toEqual([]);
  });
});

describe("a topology", () => {
  const queues = (count: number): object => ({
    queues: Array.from({ length: count }, (_, index) => ({ name: `queue-${index}`, vhost: "/" })),
  });
  const warnings = (count: number): string => renderCluster({ ...base, ...queues(count) }).warnings.join("\n");

  it("too large for the copy that kubectl keeps says how it is applied", () => {
    expect(warnings(100)).not.toContain("--server-side");
    expect(warnings(2000)).toMatch(/ConfigMap rabbitmq-config is too large.*kubectl apply --server-side/);
  });

  it("too large for a ConfigMap is refused", () => {
    expect(refused(() => cluster(queues(10_000)))).toEqual(["queues"]);
  });
});
