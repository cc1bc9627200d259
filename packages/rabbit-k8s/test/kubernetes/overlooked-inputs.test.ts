import { describe, expect, it } from "vitest";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";
import { renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { RefusedPropsError } from "../../src/refusal/refusal.ts";

const base = { namespace: "messaging", version: "4.3.6" } as const;
const { connection } = renderCluster(base);

function refused(render: () => unknown): readonly string[] {
  try {
    render();
    return [];
  } catch (error) {
    if (!(error instanceof RefusedPropsError)) throw error;
    return error.refusals.map(({ prop }) => prop);
  }
}

type Rows = readonly (readonly [prop: string, props: object])[];

const secret = (key: string): object => ({ name: "a", key });
const user = { name: "web", password: secret("password") };
const queue = { name: "q", vhost: "/" };
const exchange = { name: "e", vhost: "/", type: "topic" };
const binding = { vhost: "/", source: "e", destination: "q" };
const policy = { name: "p", vhost: "/", pattern: ".*", definition: { expires: 1000 } };
const peer = (one: object): object => ({ networkPolicy: { clients: [one] } });
const required = "requiredDuringSchedulingIgnoredDuringExecution";
const machine = (field: object): object => ({
  scheduling: { affinity: { nodeAffinity: { [required]: { nodeSelectorTerms: [{ matchFields: [field] }] } } } },
});
const apart = (term: object): object => ({
  scheduling: { affinity: { podAntiAffinity: { [required]: [{ topologyKey: "a", ...term }] } } },
});
const fields = `scheduling.affinity.nodeAffinity.${required}.nodeSelectorTerms[0].matchFields[0]`;
const term = `scheduling.affinity.podAntiAffinity.${required}[0]`;
const labelSelector = { matchLabels: { app: "shop" } };
const sparse: unknown[] = [];
sparse[1] = "rabbitmq_stream";

const clusters: Rows = [
  // Texts that no file can carry, or that become something else in YAML.
  ['labels["team"]', { labels: { team: "0o17" } }],
  ['labels["team"]', { labels: { team: "0B11" } }],
  ['annotations["a"]', { annotations: { a: "0X1F" } }],
  ['annotations["0o7"]', { annotations: { "0o7": "a" } }],
  ["namespace", { namespace: "0o7" }],
  ['annotations["a"]', { annotations: { a: "\ud800" } }],
  ['podAnnotations["a"]', { podAnnotations: { a: "a\0b" } }],
  ["vhosts[0].description", { vhosts: [{ name: "/", description: "\udfff" }] }],
  ["advancedConfig", { advancedConfig: "[{rabbit, [\0]}]." }],
  // Numbers that JSON cannot say.
  ['queues[0].arguments["x-max-length"]', { queues: [{ ...queue, arguments: { "x-max-length": Number.NaN } }] }],
  [
    'policies[0].definition["expires"]',
    { policies: [{ ...policy, definition: { expires: Number.POSITIVE_INFINITY } }] },
  ],
  ['conf["channel_max"]', { conf: { channel_max: Number.NEGATIVE_INFINITY } }],
  // Versions that no image has.
  ["version", { version: "4.3.06" }],
  ["version", { version: "4.3.6-management" }],
  ["version", { version: "4.3.1000" }],
  // Lists with holes and entries that are there twice.
  ["plugins[0]", { plugins: sparse }],
  ["imagePullSecrets[1].name", { imagePullSecrets: [{ name: "a" }, { name: "a" }] }],
  [
    "permissions[1]",
    {
      users: [user],
      permissions: [
        { user: "web", vhost: "/" },
        { user: "web", vhost: "/", read: "a" },
      ],
    },
  ],
  [
    "topicPermissions[1]",
    {
      users: [user],
      topicPermissions: [
        { user: "web", vhost: "/", exchange: "e" },
        { user: "web", vhost: "/", exchange: "e" },
      ],
    },
  ],
  ["bindings[1]", { queues: [queue], exchanges: [exchange], bindings: [binding, { ...binding, routingKey: "" }] }],
  [
    "bindings[1]",
    {
      queues: [queue],
      exchanges: [exchange],
      bindings: [
        { ...binding, arguments: { a: 1, b: 2 } },
        { ...binding, arguments: { b: 2, a: 1 } },
      ],
    },
  ],
  // Names that AMQP cannot carry.
  ["queues[0].name", { queues: [{ ...queue, name: "" }] }],
  ["queues[0].name", { queues: [{ ...queue, name: "ä".repeat(128) }] }],
  ["exchanges[0].name", { exchanges: [{ ...exchange, name: "a".repeat(256) }] }],
  ["vhosts[0].name", { vhosts: [{ name: "" }] }],
  ["users[0].name", { users: [{ ...user, name: "" }] }],
  ["policies[0].name", { policies: [{ ...policy, name: "" }] }],
  // Keys of Secrets and variables that a kubelet would take for folders.
  ["users[0].password.key", { users: [{ ...user, password: secret("..password") }] }],
  ["users[0].password.key", { users: [{ ...user, password: secret(".") }] }],
  ["users[0].password.key", { users: [{ ...user, password: secret("a".repeat(254)) }] }],
  ['secretEnv["A"].key', { secretEnv: { A: secret("..") } }],
  ['secretEnv["POD_NAME"]', { secretEnv: { POD_NAME: secret("a") } }],
  ['secretEnv["RABBITMQ_NODENAME"]', { secretEnv: { RABBITMQ_NODENAME: secret("a") } }],
  [
    'secretEnv["RABBITMQ_CTL_ERL_ARGS"]',
    { secretEnv: { RABBITMQ_CTL_ERL_ARGS: secret("a") }, tls: { secretName: "a", interNode: true } },
  ],
  // Images.
  ["image", { image: "rabbitmq@sha256:0123456789abcdef" }],
  ["image", { image: `rabbitmq@sha256:${"A".repeat(64)}` }],
  ["image", { image: `rabbitmq@sha256:${"0".repeat(65)}` }],
  ["image", { image: `rabbitmq@md5:${"0".repeat(32)}` }],
  ["image", { image: `rabbitmq@sha256:${"0".repeat(64)}:4.3` }],
  ["image", { image: "..../rabbitmq" }],
  ["image", { image: "-a.example/rabbitmq" }],
  ["image", { image: `a.example/${"a".repeat(250)}` }],
  ["image", { image: `rabbitmq:${"a".repeat(129)}` }],
  ["image", { image: "rabbitmq:4.3 " }],
  // Addresses.
  ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr: "fe80::1%eth0/64" } })],
  ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr: "10.0.0.0/08" } })],
  ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr: "010.0.0.0/8" } })],
  ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr: "10.0.0.0/8/8" } })],
  ["networkPolicy.clients[0].ipBlock.cidr", peer({ ipBlock: { cidr: "[::1]/128" } })],
  ["networkPolicy.clients[0].ipBlock.except[0]", peer({ ipBlock: { cidr: "fd00::/16", except: ["fe80::/32"] } })],
  ["networkPolicy.clients[0].ipBlock.except[0]", peer({ ipBlock: { cidr: "fd00::/16", except: ["fd00::/16"] } })],
  ["networkPolicy.clients[0].ipBlock.except[0]", peer({ ipBlock: { cidr: "10.0.0.0/8", except: ["fd00::/16"] } })],
  // Affinities.
  [`${fields}.key`, machine({ key: "metadata.namespace", operator: "In", values: ["a"] })],
  [`${fields}.values`, machine({ key: "metadata.name", operator: "Exists" })],
  [`${fields}.values`, machine({ key: "metadata.name", operator: "In", values: ["a", "b"] })],
  [`${fields}.values[0]`, machine({ key: "metadata.name", operator: "In", values: ["Node 1"] })],
  [`${term}.matchLabelKeys[0]`, apart({ labelSelector, matchLabelKeys: ["a b"] })],
  [`${term}.matchLabelKeys[0]`, apart({ matchLabelKeys: ["a"] })],
  [`${term}.matchLabelKeys[0]`, apart({ labelSelector, matchLabelKeys: ["app"] })],
  [`${term}.mismatchLabelKeys[0]`, apart({ labelSelector, matchLabelKeys: ["a"], mismatchLabelKeys: ["a"] })],
  // Sizes that count together with what is rendered.
  ["podAnnotations", { podAnnotations: { a: "x".repeat(262_143) } }],
  [
    "clusterDomain",
    { name: "a".repeat(40), clusterDomain: ["a", "b", "c", "d"].map((letter) => letter.repeat(50)).join(".") },
  ],
  [
    "labels",
    { labels: Object.fromEntries(Array.from({ length: 12_000 }, (_, index) => [`l${index}`, "x".repeat(63)])) },
  ],
  ["advancedConfig", { advancedConfig: `[${" ".repeat(1_100_000)}].` }],
  // Quantities.
  ["resources.cpuLimit", { resources: { cpu: "701m", cpuLimit: "0.7" } }],
  ["resources.cpu", { resources: { cpu: "1e99999999999999999999" } }],
  ["storage.size", { storage: { size: "１0Gi" } }],
];

const operated: Rows = [
  ["users[0].tags[0]", { users: [{ ...user, tags: ["impersonator"] }] }],
  ["operatorPolicies[0].applyTo", { operatorPolicies: [{ ...policy, applyTo: "exchanges" }] }],
  ["operatorPolicies[0].applyTo", { operatorPolicies: [{ ...policy, applyTo: "all" }] }],
  ["plugins", { plugins: Array.from({ length: 101 }, (_, index) => `plugin_${index}`) }],
  ["plugins[0]", { plugins: ["a".repeat(101)] }],
  ["advancedConfig", { advancedConfig: `[${" ".repeat(100_000)}].` }],
  [
    "queues[1]",
    {
      vhosts: [{ name: "a" }, { name: "a-b" }],
      queues: [
        { vhost: "a-b", name: "c" },
        { vhost: "a", name: "b-c" },
      ],
    },
  ],
];

const workers: Rows = [
  ["queues[0]", { queues: [""] }],
  ["queues[1]", { queues: ["a", "a"] }],
  ['env[".."]', { env: { "..": "a" } }],
  ['secretEnv["..a"]', { secretEnv: { "..a": secret("a") } }],
  ['secretEnv["A"]', { env: { A: "1" }, secretEnv: { A: secret("a") } }],
  ['env["CELERY_BROKER_URL"]', { env: { CELERY_BROKER_URL: "amqp://a" } }],
  ['env["CELERY_HEALTH_PORT"]', { env: { CELERY_HEALTH_PORT: "1" } }],
  ['env["A"]', { env: { A: "a\0" } }],
  ["imagePullSecrets[1].name", { imagePullSecrets: [{ name: "a" }, { name: "a" }] }],
  ["brokerUrl.key", { brokerUrl: secret("..url") }],
  ["cluster.namespace", { cluster: { ...connection, namespace: "A B" } }],
  ["cluster.uri", { cluster: { ...connection, uri: undefined } }],
  ["cluster.uri.name", { cluster: { ...connection, uri: { name: "A B", key: "uri" } } }],
  ["cluster.verifiesClients", { cluster: {} }],
  ["env", { env: { A: "x".repeat(1_600_000) } }],
];

const title = ([prop, props]: readonly [string, object]): string => `${prop} of ${JSON.stringify(props).slice(0, 100)}`;
const titled = (rows: Rows): readonly (readonly [string, string, object])[] =>
  rows.map((row) => [title(row), ...row] as const);

describe("what is easily overlooked is refused by name", () => {
  it.each(titled(clusters))("%s", (_, prop, props) => {
    expect(refused(() => renderCluster({ ...base, ...props }))).toContain(prop);
  });

  it.each(titled(operated))("operators: %s", (_, prop, props) => {
    expect(refused(() => renderOperatorCluster({ ...base, ...props }))).toContain(prop);
  });

  it.each(titled(workers))("workers: %s", (_, prop, props) => {
    const common = { name: "workers", cluster: connection, image: "shop/worker:1" };
    expect(refused(() => renderWorkers({ ...common, ...props }))).toContain(prop);
  });

  it.each([
    ["clusterDomain", { clusterDomain: "a".repeat(254) }],
    ["version", { version: "3.9.014" }],
    ["secretValues", { secretValues: { erlangCookie: "a", adminPassword: "x".repeat(1_100_000) } }],
    ["secretValues.adminPassword", { secretValues: { erlangCookie: "a", adminPassword: "\ud800" } }],
  ])("the original document's %s", (prop, props) => {
    expect(refused(() => renderCluster({ preset: "seed", ...props }))).toContain(prop);
  });
});

describe("what only looks odd", () => {
  it.each([
    { resources: { cpu: "700m", cpuLimit: "0.7" } },
    { resources: { cpu: "1", cpuLimit: "1000m" } },
    { image: `[fd00::1]:5000/rabbitmq@sha256:${"0".repeat(64)}` },
    { labels: { version: "0x1F", build: "007", since: "2001-01-01", on: "yes" } },
    { erlangCookieSecret: "a", users: [{ name: "web", password: { name: "a", key: ".erlang.cookie" } }] },
    { networkPolicy: { clients: [{ ipBlock: { cidr: "fd00::/16", except: ["fd00:1::/32"] } }] } },
    { queues: [{ name: "a".repeat(255), vhost: "/" }] },
    { secretEnv: { RABBITMQ_CTL_ERL_ARGS: { name: "a", key: "b" } } },
  ])("%j is rendered", (props) => {
    expect(refused(() => renderCluster({ ...base, ...props }))).toEqual([]);
  });

  it("two bindings that differ by arguments or by their destination's kind are two resources", () => {
    const same = { vhost: "/", source: "e", destination: "q" };
    const { manifests } = renderOperatorCluster({
      ...base,
      queues: [{ name: "q", vhost: "/" }],
      exchanges: [
        { name: "e", vhost: "/", type: "headers" },
        { name: "q", vhost: "/", type: "fanout" },
      ],
      bindings: [same, { ...same, arguments: { a: 1 } }, { ...same, destinationType: "exchange" }],
    });
    const names = manifests.filter(({ kind }) => kind === "Binding").map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(3);
  });
});
