import { describe, expect, it } from "vitest";
import { requiredFeatureFlags } from "../../src/rabbitmq/upgrade.ts";
import { parseVersion } from "../../src/rabbitmq/version.ts";
import type { FakeCluster } from "./fake-kubectl.ts";
import { cluster, print, survivesKills } from "./survive.ts";

/** A cluster with the manifests of all releases between two. */
function upgradable(from: string, releases: readonly string[]): FakeCluster {
  const last = parseVersion(releases.at(-1) ?? "");
  const fake = cluster(3, from, last === null ? [] : [...requiredFeatureFlags(last), ...allFlags(releases)]);
  for (const release of releases) fake.write(`rabbitmq-${release}.yaml`, "kind: List\n");
  return fake;
}

function allFlags(releases: readonly string[]): readonly string[] {
  const versions = releases.map((release) => parseVersion(release)).filter((version) => version !== null);
  return versions.flatMap((version) => requiredFeatureFlags(version));
}

describe("killed at every call of kubectl and run again, the runbook", () => {
  it("to fewer nodes leaves no member and no volume of them", () => {
    survivesKills(
      () => cluster(5),
      print("scale-down --from 5 --to 3"),
      (fake) => {
        expect(fake.read("replicas")).toBe("3");
        expect(fake.list("members")).toHaveLength(3);
        expect(fake.list("pvcs")).toEqual(["data-rabbitmq-0", "data-rabbitmq-1", "data-rabbitmq-2"]);
        expect(fake.read("crimes")).toBe("");
      },
      1,
    );
  });

  it("from 4.1 to 4.3 passes every series between", () => {
    survivesKills(
      () => upgradable("4.1.2", ["4.2.9", "4.3.6"]),
      print("upgrade --from 4.1.2 --to 4.3.6"),
      (fake) =>
        expect(["version-0", "version-1", "version-2"].map((name) => fake.read(name))).toEqual(
          Array.from({ length: 3 }, () => "4.3.6"),
        ),
      1,
    );
  });

  it("from 3.10 to 4.3 passes every series between", () => {
    const script = print("upgrade --from 3.10.8 --to 4.3.6");
    const releases = /RabbitMQ 3\.10\.8 > (.*)\.$/m.exec(script)?.[1]?.split(" > ") ?? [];
    expect(releases.length).toBeGreaterThanOrEqual(5);
    survivesKills(
      () => upgradable("3.10.8", releases),
      script,
      (fake) => {
        const applied = fake.read("log").match(/(?<=apply -f rabbitmq-)[\d.]+(?=\.yaml)/g) ?? [];
        expect([...new Set(applied)]).toEqual(releases);
      },
      1,
    );
  });

  it("to larger volumes replaces the StatefulSet by itself", () => {
    survivesKills(
      () => cluster(3),
      print("grow-volume --size 40Gi"),
      (fake) => {
        expect(fake.read("log")).toContain("replace --force --cascade=orphan -f rabbitmq-statefulset.yaml");
        expect(fake.read("log").match(/patch pvc data-rabbitmq-\d/g)?.length).toBeGreaterThanOrEqual(3);
      },
      1,
    );
  });
});
