import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { requiredFeatureFlags } from "../../src/rabbitmq/upgrade.ts";
import { parseVersion } from "../../src/rabbitmq/version.ts";
import type { FakeCluster } from "./fake-kubectl.ts";
import { cluster, print, survivesKills } from "./survive.ts";

const scaleDown = print("scale-down --from 5 --to 3");
const kept = ["data-rabbitmq-0", "data-rabbitmq-1"];

describe("every runbook", () => {
  it.each([
    "scale-down --from 5 --to 3",
    "scale-down --from 3 --to 2",
    "upgrade --from 3.10.8 --to 4.3",
    "upgrade --from 3.11.2 --to 3.12",
    "grow-volume --size 40Gi",
  ])("%s is a script that a POSIX shell takes", (words) => {
    const { status, stderr } = spawnSync("sh", ["-n"], { input: print(words), encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe("the runbook to fewer nodes", () => {
  it("forgets each node before its volume goes, wherever it was killed", { timeout: 180_000 }, () => {
    survivesKills(
      () => cluster(3),
      print("scale-down --from 3 --to 2"),
      (fake) => {
        expect(fake.read("replicas")).toBe("2");
        expect(fake.list("members")).toHaveLength(2);
        expect(fake.list("pvcs")).toEqual(kept);
        expect(fake.read("crimes")).toBe("");
      },
    );
  });

  it.each([
    [
      "a classic queue or a stream lives on a leaving node",
      '*" eval "*is_durable*',
      "rabbit_classic_queue: queue jobs\nok",
      0,
      /queue jobs[\s\S]*would be lost/,
    ],
    ["queues cannot be listed", '*" eval "*is_durable*', "no majority", 1, /== 2\./],
    ["a node does not run", "*check_running*", "", 69, /does not run/],
    ["an alarm blocks publishers", "*check_alarms*", "", 69, /an alarm/],
    ["a quorum queue has not moved", '*" eval "*rabbit_quorum_queue*', "queue q\nok", 0, /too few members/],
    ["a queue needs a leaving node", "*quorum_critical*", "", 69, /a queue needs/],
    ["the volume would go with the pod", "*whenScaled*", "Delete", 0, /whenScaled/],
  ])("stops before anything stops where %s", (_, pattern, output, code, message) => {
    const fake = cluster(5);
    fake.answer(pattern, output, code);
    const ending = fake.run(scaleDown);
    expect(ending.code).not.toBe(0);
    expect(ending.errors).toMatch(message);
    expect(fake.read("replicas")).toBe("5");
    expect(fake.list("pvcs")).toHaveLength(5);
  });

  it("keeps the volume of a node that the cluster did not forget, and stops", () => {
    const fake = cluster(5);
    fake.answer("*forget_cluster_node*", "failed to shrink some entities: Streams", 69);
    expect(fake.run(scaleDown).code).toBe(69);
    expect(fake.list("pvcs")).toHaveLength(5);
    expect(fake.list("members")).toHaveLength(5);
  });

  it("keeps the volume where the members cannot be asked for", () => {
    const fake = cluster(5);
    fake.answer("*cluster_status*", "", 69);
    expect(fake.run(scaleDown).code).toBe(69);
    expect(fake.list("pvcs")).toHaveLength(5);
  });
});

describe("the runbook to the next version", () => {
  const script = print("upgrade --from 4.1.2 --to 4.3.6");
  const flags = requiredFeatureFlags(parseVersion("4.3.6")!);
  const make = (nodes = 3): FakeCluster => {
    const fake = cluster(nodes, "4.1.2", flags);
    for (const release of ["4.2.9", "4.3.6"]) fake.write(`rabbitmq-${release}.yaml`, "kind: List\n");
    return fake;
  };

  it("passes every series between, wherever it was killed", { timeout: 180_000 }, () => {
    survivesKills(
      () => make(1),
      script,
      (fake) => {
        expect(fake.read("version-0")).toBe("4.3.6");
        const applied = fake
          .read("log")
          .split("\n")
          .filter((line) => line.includes(" apply -f "));
        expect([...new Set(applied)]).toEqual([
          "-n shop apply -f rabbitmq-4.2.9.yaml",
          "-n shop apply -f rabbitmq-4.3.6.yaml",
        ]);
        expect(fake.read("rabbitmq-4.1.2-definitions.json")).toContain("policies");
      },
    );
  });

  it.each([
    ["a node does not run", "*check_running*", "", 69, /does not run/],
    ["an alarm blocks publishers", "*check_alarms*", "", 69, /an alarm/],
    ["a queue would lose its majority", "*quorum_critical*", "", 69, /lose its majority/],
    ["definitions cannot be saved", "*export_definitions*", "", 69, /== 2\./],
    ["flags cannot be enabled", "*enable_feature_flag*", "", 69, /== 2\./],
    ["a flag stays disabled", "*list_feature_flags*", "quorum_queue\tenabled", 0, /needs the feature flag/],
    ["a node runs something else", '*"rabbitmqctl version"*', "4.0.5", 0, /runs 4\.0\.5, not 4\.1\.2/],
  ])("applies nothing where %s", (_, pattern, output, code, message) => {
    const fake = make();
    fake.answer(pattern, output, code);
    const ending = fake.run(script);
    expect(ending.code).not.toBe(0);
    expect(ending.errors).toMatch(message);
    expect(fake.read("log")).not.toContain(" apply ");
  });

  it("goes no step further where a rollout does not end", () => {
    const fake = make();
    fake.answer('*"rollout status"*', "", 1);
    expect(fake.run(script)).toMatchObject({ code: 1, errors: expect.stringMatching(/the others serve/) as unknown });
    expect(fake.read("log")).not.toContain("rabbitmq-4.3.6.yaml");
  });

  it("goes no step further where a file is for another release", () => {
    const fake = make();
    fake.answer('*" apply "*', "");
    expect(fake.run(script).errors).toMatch(/only 0 of 3 nodes run 4\.2\.9/);
  });

  it("asks for the manifests of all releases before it begins", () => {
    expect(cluster(3, "4.1.2", flags).run(script).errors).toMatch(
      /there is no rabbitmq-4\.2\.9\.yaml: .*--from 4\.1\.2/,
    );
  });

  it("refuses mirrors before 4.0", () => {
    const fake = cluster(3, "3.13.7", requiredFeatureFlags(parseVersion("4.0.5")!));
    fake.write("rabbitmq-4.0.9.yaml", "kind: List\n");
    fake.answer("*export_definitions*", '{"policies":[{"definition":{"ha-mode":"all"}}]}');
    expect(fake.run(print("upgrade --from 3.13.7 --to 4.0")).errors).toMatch(/mirrors classic queues/);
    expect(fake.read("log")).not.toContain(" apply ");
  });
});

describe("the runbook to larger volumes", () => {
  it("replaces the StatefulSet by itself, wherever it was killed", { timeout: 180_000 }, () => {
    survivesKills(
      () => cluster(2),
      print("grow-volume --size 40Gi"),
      (fake) => {
        expect(fake.read("log")).toContain("replace --force --cascade=orphan -f rabbitmq-statefulset.yaml");
        expect(fake.read("log").match(/patch pvc data-rabbitmq-\d/g)?.length).toBeGreaterThanOrEqual(2);
      },
    );
  });

  it.each([
    ["40960Mi", "40Gi"],
    ["40Gi", "41Gi"],
    ["40G", "40Gi"],
    ["1.5Ti", "1536Gi"],
    ["42949672960", "40Gi"],
  ])("takes volumes of a claim of %s for grown when they have %s, and waits till then", (size, capacity) => {
    const fake = cluster(1);
    fake.write("capacity", "10Gi");
    fake.write("grown", capacity);
    expect(fake.run(print(`grow-volume --size ${size}`))).toMatchObject({ code: 0 });
    expect(fake.read("log").match(/capacity/g)).toHaveLength(2);
  });

  it("brings back a StatefulSet that is missing since the replacement was cut in two", () => {
    const fake = cluster(2);
    expect(fake.run(print("grow-volume --size 40Gi"))).toMatchObject({ code: 0 });
    fake.write("rabbitmq-statefulset.yaml", "kind: StatefulSet\n");
    fake.write("gone", "");
    expect(fake.run(print("grow-volume --size 40Gi"))).toMatchObject({ code: 0 });
    expect(fake.read("log")).toContain("create -f rabbitmq-statefulset.yaml");
  });

  it("changes nothing where the class lets no volume grow", () => {
    const fake = cluster(3);
    fake.answer('*"get storageclass"*', "");
    expect(fake.run(print("grow-volume --size 40Gi")).errors).toMatch(/does not let volumes grow/);
    expect(fake.read("log")).not.toMatch(/patch|replace/);
  });
});
