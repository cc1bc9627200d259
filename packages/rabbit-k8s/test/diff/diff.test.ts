import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readManifests, type SourceObject } from "../../src/check/source.ts";
import type { ModernProps } from "../../src/cluster/props.ts";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";
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

  it("tells that workers are replaced", () => {
    expect(diffManifests(renderImage("shop/worker:1"), renderImage("shop/worker:2"))).toEqual([
      { kind: "restart", object: "Deployment messaging/workers", message: "its pods are replaced", advice: null },
    ]);
  });
});
