import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readManifests, type SourceObject } from "../../src/check/source.ts";
import type { ModernProps } from "../../src/cluster/props.ts";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";
import { renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { diffManifests } from "../../src/diff/diff.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";

const base: ModernProps = { namespace: "messaging", version: "4.2", replicas: 3 };

const read = (manifests: readonly Manifest[]): readonly SourceObject[] =>
  readManifests(
    "file",
    manifests.map((manifest) => stringify(manifest, { aliasDuplicateObjects: false })).join("---\n"),
  );

const renderBase = (props: Partial<ModernProps>): readonly SourceObject[] =>
  read(renderCluster({ ...base, ...props }).manifests);

function effects(before: Partial<ModernProps>, after: Partial<ModernProps>): readonly string[] {
  return diffManifests(renderBase(before), renderBase(after)).map(
    ({ kind, object, message }) => `${kind}: ${object}: ${message}`,
  );
}

const renderImage = (image: string): readonly SourceObject[] =>
  read(renderWorkers({ name: "workers", cluster: renderCluster(base).connection, image }));

/** What changes from the base, and a word of each effect it must have. */
const cases: readonly (readonly [string, Partial<ModernProps>, Partial<ModernProps>, readonly RegExp[]])[] = [
  ["the next version", {}, { version: "4.3" }, [/^note.*from 4\.2 to 4\.3/, /^restart/]],
  ["a version too far", { version: "4.0" }, { version: "4.3" }, [/^refused.*skips 4\.2/]],
  ["a version back", { version: "4.3" }, { version: "4.2" }, [/^refused.*no downgrades/]],
  ["more nodes", {}, { replicas: 5 }, [/^note.*2 nodes join/, /^note.*nothing restarts/]],
  ["fewer nodes", { replicas: 5 }, { replicas: 3 }, [/^lost.*2 nodes leave.*dead members/]],
  ["no nodes", {}, { replicas: 0 }, [/^lost.*all nodes stop/]],
  ["a setting", {}, { conf: { channel_max: 100 } }, [/^restart/, /^note: ConfigMap/]],
  ["another name", {}, { name: "rabbit" }, [/^lost: StatefulSet messaging\/rabbitmq: it is gone.*another cluster/]],
  ["another namespace", {}, { namespace: "other" }, [/^lost: StatefulSet.*another cluster/]],
  ["another cluster domain", {}, { clusterDomain: "k8s.example" }, [/^lost.*the nodes get other names/]],
  ["larger volumes", {}, { storage: { size: "20Gi" } }, [/^refused.*volumeClaimTemplates/]],
  [
    "volumes that are not kept",
    {},
    { storage: { whenDeleted: "Delete" } },
    [/^lost.*volumes with the StatefulSet are deleted/],
  ],
  [
    "encrypted links",
    {},
    { tls: { secretName: "tls", keepPlain: true, interNode: true } },
    [/^refused.*splits the cluster/],
  ],
  [
    "no plain AMQP any more",
    {},
    { tls: { secretName: "tls" } },
    [/^lost: Service messaging\/rabbitmq: clients of port 5672, 15672, 15692 are cut off/],
  ],
  [
    "another default type, as `celery` has it from 4.3 on",
    { celery: true },
    { celery: true, version: "4.3" },
    [/^refused: ConfigMap.*vhost "\/" gets the default queue type quorum instead of classic.*406/],
  ],
  [
    "other types of queues and exchanges",
    {
      queues: [{ name: "q", vhost: "/", type: "classic", arguments: { "x-max-priority": 5 } }],
      exchanges: [{ name: "e", vhost: "/", type: "direct" }],
    },
    {
      queues: [{ name: "q", vhost: "/", type: "quorum" }],
      exchanges: [{ name: "e", vhost: "/", type: "topic", internal: true }],
    },
    [
      /^refused.*queue "q" of vhost "\/" stays as it is: arguments was \{"x-queue-type":"classic","x-max-priority":5\}/,
      /^refused.*exchange "e".*type was "direct", and "topic" counts for new ones only/,
      /^refused.*exchange "e".*internal was false/,
    ],
  ],
  [
    "what leaves the props",
    {
      vhosts: [{ name: "/" }, { name: "old" }],
      users: [{ name: "web", password: { name: "web", key: "password" } }],
      permissions: [{ user: "web", vhost: "/" }],
      topicPermissions: [{ user: "web", vhost: "/", exchange: "e" }],
      policies: [{ name: "p", vhost: "/", pattern: ".*", definition: { expires: 1 } }],
      operatorPolicies: [{ name: "o", vhost: "/", pattern: ".*", definition: { expires: 1 } }],
      queues: [{ name: "q", vhost: "/" }],
      exchanges: [{ name: "e", vhost: "/", type: "topic" }],
      bindings: [{ vhost: "/", source: "e", destination: "q", routingKey: "a.b" }],
      federationUpstreams: [{ name: "f", vhost: "/", uri: { name: "f", key: "uri" } }],
      shovels: [{ name: "s", vhost: "/", source: { queue: "q" }, destination: { queue: "q" } }],
    },
    {},
    [
      /^note.*vhost "old", with its queues, stays/,
      /^note.*user "web" stays/,
      /^note.*the permissions of user "web" in vhost "\/" stays?/,
      /^note.*topic permissions of user "web" on "e"/,
      /^note.*policy "p" of vhost "\/"/,
      /^note.*operator policy "o"/,
      /^note.*queue "q"/,
      /^note.*exchange "e"/,
      /^note.*binding of "e" to "q" by "a\.b"/,
      /^note.*federation upstream "f"/,
      /^note.*shovel "s"/,
    ],
  ],
  [
    "another administrator",
    {},
    { credentialsSecret: "other" },
    [/^note.*the administrator of Secret rabbitmq-default-user stays/],
  ],
  [
    "the next version and more nodes",
    {},
    { version: "4.3", replicas: 5 },
    [/^refused.*first|^refused.*would join nodes of 4\.2/],
  ],
  ["no network policy any more", {}, { networkPolicy: false }, [/^note: NetworkPolicy.*without pruning/]],
];

describe("diff", () => {
  it.each(cases)("tells what %s does", (_, before, after, expected) => {
    const found = effects(before, after);
    for (const effect of expected)
      expect(found).toEqual(expect.arrayContaining([expect.stringMatching(effect) as unknown]));
  });

  it("tells nothing of what did not change", () => {
    expect(effects({}, {})).toEqual([]);
  });

  it("tells that the modern cluster starts empty on the original document's volumes", () => {
    const before = read(renderCluster({ preset: "seed", version: "3.13" }).manifests);
    const after = read(renderCluster({ ...base, namespace: "rabbitmq-golang", version: "3.13" }).manifests);
    expect(diffManifests(before, after).map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringContaining("/var/lib/rabbitmq to /var/lib/rabbitmq/mnesia"),
        expect.stringContaining("spec.selector cannot change"),
        expect.stringContaining("spec.podManagementPolicy cannot change"),
      ]),
    );
  });

  it("tells that a Secret names another user, and where the former one is", () => {
    const secret = (username: string): readonly SourceObject[] =>
      readManifests(
        "file",
        stringify({
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "a", namespace: "b" },
          stringData: { username, password: "x" },
        }),
      );
    expect(diffManifests(secret("ann"), secret("bob")).map(({ message }) => message)).toContainEqual(
      expect.stringContaining("the former one stays"),
    );
    expect(diffManifests(secret("ann"), secret("ann"))).toEqual([]);
  });

  it("takes a variable of another name for the same name of a node", () => {
    const yaml = renderCluster(base)
      .manifests.map((manifest) => stringify(manifest, { aliasDuplicateObjects: false }))
      .join("---\n");
    const renamed = yaml.replaceAll("POD_NAME", "MY_POD");
    expect(renamed).not.toBe(yaml);
    const kinds = diffManifests(readManifests("a", yaml), readManifests("b", renamed)).map(({ kind }) => kind);
    expect(kinds).toEqual(["restart"]);
  });

  it.each<readonly [string, Partial<ModernProps>, Partial<ModernProps>, readonly RegExp[]]>([
    ["fewer nodes", { replicas: 5 }, { replicas: 3 }, [/^refused: RabbitmqCluster.*takes no nodes away/]],
    ["a version too far", { version: "4.0" }, { version: "4.3" }, [/^refused.*skips 4\.2/]],
    ["the next version", {}, { version: "4.3" }, [/^note.*from 4\.2 to 4\.3/, /^restart/]],
    ["smaller volumes", { storage: { size: "20Gi" } }, {}, [/^refused.*cannot shrink/]],
    ["another class", {}, { storage: { className: "fast" } }, [/^refused.*class/]],
    ["a setting", {}, { conf: { channel_max: 5 } }, [/^restart/]],
    [
      "another default type",
      {},
      { defaultQueueType: "classic" },
      [/^refused: Vhost.*becomes classic instead of quorum/],
    ],
    [
      "another type of a queue",
      { queues: [{ name: "q", vhost: "/", type: "classic" }] },
      { queues: [{ name: "q", vhost: "/", type: "quorum" }] },
      [/^refused: Queue.*spec\.type cannot change/],
    ],
    [
      "a user and a queue that go",
      {
        users: [{ name: "u", password: { name: "u", key: "password" } }],
        queues: [{ name: "q", vhost: "/" }],
      },
      {},
      [/^lost: User.*deletes what it declared/, /^note: Queue.*stays in the broker/],
    ],
  ])("tells what %s does to a cluster of the operators", (_, before, after, expected) => {
    const operated = (props: Partial<ModernProps>): readonly SourceObject[] =>
      read(renderOperatorCluster({ ...base, ...props }).manifests);
    const found = diffManifests(operated(before), operated(after)).map(
      ({ kind, object, message }) => `${kind}: ${object}: ${message}`,
    );
    for (const effect of expected)
      expect(found).toEqual(expect.arrayContaining([expect.stringMatching(effect) as unknown]));
    expect(diffManifests(operated(after), operated(after))).toEqual([]);
  });

  it("tells that workers are replaced", () => {
    expect(diffManifests(renderImage("shop/worker:1"), renderImage("shop/worker:2"))).toEqual([
      { kind: "restart", object: "Deployment messaging/workers", message: "its pods are replaced", advice: null },
    ]);
  });
});
