import { describe, expect, it } from "vitest";
import type { ModernProps } from "../../src/cluster/props.ts";
import { formatRefusal } from "../../src/refusal/refusal.ts";
import { checkCluster, resolveCluster } from "../../src/cluster/resolve.ts";
import { everything, modernVersions } from "../samples.ts";

const good: ModernProps = { namespace: "messaging", version: "4.3.6" };

/** Each row: what is wrong, props, the prop that is named, words of the reason and of the way out. */
const refusals: readonly (readonly [string, Partial<ModernProps>, string, RegExp])[] = [
  ["a name Kubernetes does not take", { name: "Rabbit_1" }, "name", /lower-case/],
  ["a name that leaves no room for the others", { name: "r".repeat(41) }, "name", /at most 40/],
  ["a namespace that is none", { namespace: "my messaging" }, "namespace", /no name for a namespace/],
  ["a domain that is none", { clusterDomain: "cluster..local" }, "clusterDomain", /usually cluster\.local/],
  ["a version before 3.10", { version: "3.9.14" }, "version", /use 3\.10/i],
  ["a version not yet known", { version: "5.0" }, "version", /does not know stops a node/],
  ["a skipped upgrade step", { version: "4.3.6", from: "4.0.5" }, "from", /skips 4\.2.*one step a release/],
  ["several skipped steps", { version: "4.0", from: "3.10.8" }, "from", /3\.10 > 3\.11 > 3\.12 > 3\.13 > 4\.0/],
  ["3.12 from an early 3.11", { version: "3.12", from: "3.11.10" }, "from", /3\.11\.18/],
  ["a downgrade", { version: "4.2", from: "4.3" }, "from", /no downgrades/],
  ["a downgrade of the patch", { version: "4.3.1", from: "4.3.6" }, "from", /downgrade/],
  ["half a node", { replicas: 2.5 }, "replicas", /use 1, 3 or 5/i],
  [
    "fewer nodes by the count alone",
    { replicas: 3, fromReplicas: 5 },
    "replicas",
    /dead members.*runbook scale-down --from 5 --to 3/,
  ],
  ["root as user", { runAs: { uid: 0, gid: 0 } }, "runAs", /999 and 999/],
  ["a Secret's name that is none", { credentialsSecret: "My Secret" }, "credentialsSecret", /no name for a Secret/],
  [
    "a key no release knows",
    { conf: { "disk_free_limit.absolut": 1 } },
    'conf["disk_free_limit.absolut"]',
    /did you mean `disk_free_limit\.absolute`/i,
  ],
  [
    "a key that this version no longer knows",
    { conf: { "cluster_formation.randomized_startup_delay_range.min": 5 } },
    'conf["cluster_formation.randomized_startup_delay_range.min"]',
    /4\.3\.6 does not know this key and would not boot.*3\.13/,
  ],
  [
    "a key that came later",
    { version: "3.10.8", conf: { default_queue_type: "quorum" } },
    'conf["default_queue_type"]',
    /3\.12\.14, 3\.13\.3/,
  ],
  ["a value of the wrong kind", { conf: { heartbeat: "often" } }, 'conf["heartbeat"]', /an integer/],
  [
    "a choice that is none",
    { conf: { "ssl_options.verify": "yes" } },
    'conf["ssl_options.verify"]',
    /verify_peer, verify_none/,
  ],
  [
    "a password where all can read it",
    { conf: { "management.ssl.password": "geheim" } },
    'conf["management.ssl.password"]',
    /secretEnv/,
  ],
  [
    "a secret by the schema",
    { conf: { "management.oauth_client_secret": "geheim" } },
    'conf["management.oauth_client_secret"]',
    /secretEnv/,
  ],
  [
    "a key that is two settings",
    { conf: { "heartbeat = 5\nlog.file.level": "debug" } },
    'conf["heartbeat = 5\nlog.file.level"]',
    /no key has/,
  ],
  ["a value with a carriage return", { conf: { cluster_name: "a\rlog.file = x" } }, 'conf["cluster_name"]', /one line/],
  ["a value of two lines", { conf: { cluster_name: "a\nlog.file = x" } }, 'conf["cluster_name"]', /one line/],
  [
    "a Secret's name that is a path",
    { secretEnv: { A: { name: "../../etc", key: "a" } } },
    'secretEnv["A"].name',
    /no name for a Secret/,
  ],
  [
    "a Secret's key that is a path",
    { users: [{ name: "web", password: { name: "web", key: "../shadow" } }] },
    "users[0].password.key",
    /no key of a Secret/,
  ],
  [
    "a Secret's key that is a folder",
    { secretEnv: { A: { name: "a", key: ".." } } },
    'secretEnv["A"].key',
    /no key of a Secret/,
  ],
  [
    "a Secret's key for a shell",
    { secretEnv: { A: { name: "a", key: "a; curl x" } } },
    'secretEnv["A"].key',
    /no key of a Secret/,
  ],
  [
    "a setting that is rendered",
    { conf: { "listeners.tcp.default": 5673 } },
    'conf["listeners.tcp.default"]',
    /set it by `tls`/i,
  ],
  [
    "a plugin that came later",
    { version: "3.13", plugins: ["rabbitmq_web_amqp"] },
    "plugins[0]",
    /comes with RabbitMQ 4\.1/,
  ],
  ["a plugin that is none", { plugins: ["rabbitmq; rm"] }, "plugins[0]", /no name of a plugin/],
  ["too little memory", { resources: { memory: "64Mi" } }, "resources.memory", /512Mi/],
  ["memory that is no amount", { resources: { memory: "much" } }, "resources.memory", /no amount/],
  ["a processor time that is none", { resources: { cpu: "two" } }, "resources.cpu", /500m or 2/],
  ["a volume too small", { storage: { size: "10Mi" } }, "storage.size", /1Gi/],
  ["a watermark beyond reason", { memoryWatermark: 1 }, "memoryWatermark", /0\.1 to 0\.8/],
  ["a certificate from nowhere", { tls: {} }, "tls", /issuer.*secretName/],
  ["a certificate of two sources", { tls: { issuer: { name: "a" }, secretName: "b" } }, "tls", /two sources/],
  ["a route by no way", { managementRoute: { host: "a.b" } }, "managementRoute", /ingress.*gateway/],
  ["no time to start", { lifecycle: { startupSeconds: 0 } }, "lifecycle.startupSeconds", /above 0/],
  ["a task without end", { celery: { longestTaskSeconds: -1 } }, "celery.longestTaskSeconds", /above 0/],
  [
    "an environment variable that is none",
    { secretEnv: { "A-B": { name: "a", key: "b" } } },
    'secretEnv["A-B"]',
    /letters, digits/,
  ],
  [
    "a vhost that is not there",
    { queues: [{ name: "a", vhost: "shop" }] },
    "queues[0].vhost",
    /no vhost "shop".*vhosts/,
  ],
  ["a user that is not there", { permissions: [{ user: "web", vhost: "/" }] }, "permissions[0].user", /no user "web"/],
  [
    "two of one name",
    {
      queues: [
        { name: "a", vhost: "/" },
        { name: "a", vhost: "/" },
      ],
    },
    "queues[1].name",
    /there twice/,
  ],
  [
    "mirroring on 4.x",
    { policies: [{ name: "ha", vhost: "/", pattern: ".*", definition: { "ha-mode": "all" } }] },
    'policies[0].definition["ha-mode"]',
    /removed in RabbitMQ 4\.0.*quorum/,
  ],
  [
    "a policy key that is misspelt",
    { policies: [{ name: "a", vhost: "/", pattern: ".*", definition: { "max-lenght": 1 } }] },
    'policies[0].definition["max-lenght"]',
    /no policy key.*max-length/,
  ],
  [
    "a policy key that came later",
    { version: "3.11", policies: [{ name: "a", vhost: "/", pattern: ".*", definition: { "consumer-timeout": 1 } }] },
    'policies[0].definition["consumer-timeout"]',
    /comes with RabbitMQ 3\.12; this is 3\.11/,
  ],
  [
    "a policy that sets nothing",
    { operatorPolicies: [{ name: "a", vhost: "/", pattern: ".*", definition: {} }] },
    "operatorPolicies[0].definition",
    /sets nothing/,
  ],
  [
    "a kind of queue policies did not know",
    {
      version: "3.11",
      policies: [{ name: "a", vhost: "/", pattern: ".*", applyTo: "quorum_queues", definition: { expires: 1 } }],
    },
    "policies[0].applyTo",
    /comes with RabbitMQ 3\.12/,
  ],
  [
    "a transient quorum queue",
    { queues: [{ name: "a", vhost: "/", type: "quorum", durable: false }] },
    "queues[0].durable",
    /always durable/,
  ],
  [
    "a transient queue on 4.3",
    { queues: [{ name: "a", vhost: "/", type: "classic", durable: false }] },
    "queues[0].durable",
    /deprecated_features\.permit/,
  ],
  [
    "priorities on a quorum queue",
    { queues: [{ name: "a", vhost: "/", arguments: { "x-max-priority": 9 } }] },
    'queues[0].arguments["x-max-priority"]',
    /type: 'classic'/,
  ],
  [
    "a type by argument",
    { queues: [{ name: "a", vhost: "/", arguments: { "x-queue-type": "quorum" } }] },
    'queues[0].arguments["x-queue-type"]',
    /use `type`/i,
  ],
  [
    "a lazy queue on 4.3",
    { queues: [{ name: "a", vhost: "/", type: "classic", arguments: { "x-queue-mode": "lazy" } }] },
    'queues[0].arguments["x-queue-mode"]',
    /always lazy/,
  ],
  [
    "the old storage on 4.3",
    { queues: [{ name: "a", vhost: "/", type: "classic", arguments: { "x-queue-version": 1 } }] },
    'queues[0].arguments["x-queue-version"]',
    /gone/,
  ],
  [
    "a classic queue placed evenly",
    {
      queues: [{ name: "a", vhost: "/", type: "classic", arguments: { "x-queue-leader-locator": "balanced" } }],
    },
    'queues[0].arguments["x-queue-leader-locator"]',
    /leave it out/i,
  ],
  [
    "classic queues placed evenly",
    { queues: [{ name: "a", vhost: "/", type: "classic" }], conf: { queue_leader_locator: "balanced" } },
    'conf["queue_leader_locator"]',
    /leave it out/i,
  ],
  ["a default type before vhosts had one", { version: "3.10.5" }, "defaultQueueType", /comes with 3\.10\.8/],
  [
    "a binding from nowhere",
    { bindings: [{ vhost: "/", source: "events", destination: "a" }], queues: [{ name: "a", vhost: "/" }] },
    "bindings[0].source",
    /add it to `exchanges`/i,
  ],
  [
    "a binding to nowhere",
    { bindings: [{ vhost: "/", source: "amq.topic", destination: "a" }] },
    "bindings[0].destination",
    /add it to `queues`/i,
  ],
  [
    "a shovel from two places",
    { shovels: [{ name: "a", vhost: "/", source: { queue: "a", exchange: "b" }, destination: { queue: "c" } }] },
    "shovels[0].source",
    /name one of both/i,
  ],
  [
    "a text that looks like a secret's place",
    { vhosts: [{ name: "/", description: "@secret/a/b@" }] },
    "vhosts",
    /the mark of a secret/,
  ],
];

describe("refusals", () => {
  it.each(refusals)("%s: names the prop, the reason and the way out", (_, props, prop, words) => {
    const found = checkCluster({ ...good, ...props });
    expect(found.map((refusal) => refusal.prop)).toEqual([prop]);
    expect(formatRefusal(found[0]!)).toMatch(words);
  });

  it("all come at once", () => {
    const props: ModernProps = {
      ...good,
      name: "A",
      version: "9",
      replicas: -1,
      resources: { memory: "x" },
      conf: { a: 1 },
    };
    expect(() => resolveCluster(props)).toThrow(
      /- name:[\s\S]*- version:[\s\S]*- replicas:[\s\S]*- resources\.memory:/,
    );
  });

  it.each(modernVersions)("there are none for a full cluster on %s", (version) => {
    expect(checkCluster(everything(version))).toEqual([]);
  });

  it("there are none for a password from the environment", () => {
    expect(
      checkCluster({
        ...good,
        conf: { "management.ssl.password": "$(KEY)" },
        secretEnv: { KEY: { name: "tls", key: "password" } },
      }),
    ).toEqual([]);
  });

  it.each([
    ["3.13", "4.2"],
    ["4.2", "4.3"],
    ["3.11.28", "3.12"],
    ["4.3.1", "4.3.6"],
  ])("there are none for the step from %s to %s", (from, version) => {
    expect(checkCluster({ ...good, from, version })).toEqual([]);
  });
});

const warnings = (props: Partial<ModernProps>): string => resolveCluster({ ...good, ...props }).warnings.join("\n");

describe("warnings", () => {
  it.each([
    [{ replicas: 2 }, /majority is 2.*Use 3/],
    [{ replicas: 2, version: "3.13" }, /splits the cluster/],
    [{ replicas: 4 }, /no more losses than 3/],
    [{ storage: { size: "1Gi" } }, /three times the disk limit/],
    [{ plugins: ["rabbitmq_delayed_message_exchange"] }, /must contain it/],
    [
      { version: "3.13", policies: [{ name: "ha", vhost: "/", pattern: ".*", definition: { "ha-mode": "all" } }] },
      /ends with RabbitMQ 4\.0/,
    ],
    [
      {
        version: "3.13",
        queues: [{ name: "moved", vhost: "/" }],
        shovels: [{ name: "mover", vhost: "/", source: { queue: "old" }, destination: { queue: "moved" } }],
      },
      /"moved" before the other nodes joined.*grow/,
    ],
    [{ celery: true, version: "4.2" }, /worker_detect_quorum_queues/],
    [{ celery: true }, /control_queue_exclusive/],
  ] as const)("%j", (props, words) => {
    expect(warnings(props)).toMatch(words);
  });

  it("there are none by default, nor for Celery without Python", () => {
    expect(warnings({})).toBe("");
    expect(warnings({ celery: { python: false } })).toBe("");
  });
});

const typeOf = (props: Partial<ModernProps>): string => resolveCluster({ ...good, ...props }).cluster.defaultQueueType;

describe("defaults", () => {
  it("give the node 80 % of its memory, and a disk limit as large as the watermark", () => {
    const { resources } = resolveCluster({ ...good, resources: { memory: "1Gi" } }).cluster;
    expect(resources).toMatchObject({ availableBytes: 858_993_459, watermark: 0.6, diskFreeBytes: 515_396_076 });
  });

  it("leave no more than 2 GiB beside a large node", () => {
    expect(resolveCluster({ ...good, resources: { memory: "32Gi" } }).cluster.resources.availableBytes).toBe(
      30 * 1024 ** 3,
    );
  });

  it("make quorum the default type, but classic with Python Celery before 4.3", () => {
    expect(typeOf({})).toBe("quorum");
    expect(typeOf({ version: "3.10.8" })).toBe("quorum");
    expect(typeOf({ celery: true })).toBe("quorum");
    expect(typeOf({ celery: true, version: "4.2" })).toBe("classic");
    expect(typeOf({ celery: { python: false }, version: "4.2" })).toBe("quorum");
    expect(typeOf({ celery: true, version: "4.2", defaultQueueType: "quorum" })).toBe("quorum");
  });

  it("keep the default type of a fleet that comes from before 4.3", () => {
    const upgraded = { celery: true, version: "4.3", from: "4.2" };
    expect(typeOf(upgraded)).toBe("classic");
    expect(typeOf({ ...upgraded, from: "4.2.9" })).toBe("classic");
    expect(typeOf({ ...upgraded, from: "4.3.0" })).toBe("quorum");
    expect(typeOf({ ...upgraded, celery: { python: false } })).toBe("quorum");
    expect(typeOf({ ...upgraded, defaultQueueType: "quorum" })).toBe("quorum");
    expect(warnings(upgraded)).toMatch(/it stays classic.*Write defaultQueueType: 'classic' before/);
    expect(warnings({ ...upgraded, defaultQueueType: "classic" })).not.toMatch(/defaultQueueType:/);
  });
});
