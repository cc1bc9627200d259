import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { checkManifests } from "../../src/check/check.ts";
import type { Finding } from "../../src/check/finding.ts";
import { readManifests } from "../../src/check/source.ts";
import { renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { parseVersion } from "../../src/rabbitmq/version.ts";
import { everything, modernVersions } from "../samples.ts";
import { originalYaml } from "../seed/original.ts";

const toYaml = (objects: readonly object[]): string =>
  objects.map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })).join("---\n");

const check = (text: string, version: string | null = null): readonly Finding[] =>
  checkManifests(readManifests("cluster.yaml", text), version === null ? null : parseVersion(version)).findings;

/** What the lines of the document say where each fault is found. */
const faults: readonly (readonly [rule: string, severity: string, line: RegExp])[] = [
  ["federation-unused", "note", /\[rabbitmq_federation/],
  ["discovery-retry", "note", /discovery_retry_limit = 60/],
  ["cookie-unquoted", "warning", /echo \$RABBITMQ_ERLANG_COOKIE/],
  ["envsubst-json", "error", /envsubst < .*import\.json/],
  ["partition-handling", "warning", /rabbitmq\.conf/],
  ["mirroring", "warning", /"ha-mode": "exactly"/],
  ["empty-secret", "error", /RABBITMQ_ERLANG_COOKIE:/],
  ["empty-secret", "error", /RABBITMQ_ADMIN_PASSWORD:/],
  ["role-events", "note", /-/],
  ["even-replicas", "warning", /replicas: 2/],
  ["disruption-budget", "warning", /serviceName/],
  ["distribution", "warning", /serviceAccountName/],
  ["security-context", "warning", /serviceAccountName/],
  ["image-tag", "warning", /registry\.example\/envsubst/],
  ["readiness-probe", "warning", /name: rabbitmq/],
  ["pre-stop", "warning", /name: rabbitmq/],
  ["resources", "warning", /name: rabbitmq/],
  ["home-on-volume", "note", /name: data/],
  ["hidden-defaults", "note", /name: config-file/],
  ["config-mode", "note", /defaultMode: 0755/],
  ["storage-class", "note", /storageClassName: standard/],
  ["service-namespace", "error", /labels:/],
  ["service-namespace", "error", /labels:/],
  ["publish-not-ready", "warning", /clusterIP: None/],
  ["cluster-port", "note", /port: 4369/],
];

describe("check on the original document", () => {
  const findings = check(originalYaml);
  const lines = originalYaml.split("\n");

  it("finds every fault, and nothing else", () => {
    expect(findings.map(({ rule, severity }) => `${rule} ${severity}`).toSorted()).toEqual(
      faults.map(([rule, severity]) => `${rule} ${severity}`).toSorted(),
    );
  });

  it.each(faults)("finds %s, a %s, on its line and says the mend", (rule, _, line) => {
    const found = findings.filter((finding) => finding.rule === rule);
    expect(found.some((finding) => line.test(lines[finding.line - 1] ?? ""))).toBe(true);
    for (const finding of found) expect(finding.fix).not.toBe("");
  });

  it("finds that on 4.x the policy stops every node", () => {
    expect(
      check(originalYaml, "4.3")
        .filter(({ rule }) => rule === "policy-key")
        .map(({ message }) => message),
    ).toEqual(["ha-mode", "ha-params", "ha-sync-mode"].map((key) => expect.stringContaining(key) as unknown));
  });
});

describe("check on rendered manifests", () => {
  it.each(modernVersions)("finds nothing wrong with ours on %s", (version) => {
    expect(
      check(
        toYaml(renderCluster({ ...everything(version), image: `rabbitmq:${version}-management` }).manifests),
      ).filter(({ severity }) => severity !== "note"),
    ).toEqual([]);
  });

  it("finds what someone broke", () => {
    const yaml = toYaml(renderCluster({ namespace: "messaging", version: "4.3.6" }).manifests);
    const broken = yaml
      .replace("queue_leader_locator = balanced", "queue_leader_locater = balanced\n    log.console.level = loud")
      .replace("podManagementPolicy: Parallel", "podManagementPolicy: OrderedReady")
      .replace("terminationGracePeriodSeconds: 180", "terminationGracePeriodSeconds: 604800")
      .replace(
        "readinessProbe:\n",
        "livenessProbe:\n            exec:\n              command: [rabbitmq-diagnostics, ping]\n          readinessProbe:\n",
      );
    const found = check(broken);
    expect(found.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining([
        "conf-key",
        "conf-value",
        "ordered-ready",
        "grace-period",
        "liveness-probe",
        "probe-command",
      ]),
    );
    const key = found.find(({ rule }) => rule === "conf-key");
    expect(broken.split("\n")[(key?.line ?? 0) - 1]).toContain("queue_leader_locater");
    expect(key?.fix).toContain("queue_leader_locator");
  });

  it("finds a password in a ConfigMap, a user that is not there, and JSON that is none", () => {
    const yaml = toYaml(renderCluster({ namespace: "messaging", version: "4.3.6" }).manifests);
    expect(check(yaml.replace("@secret/rabbitmq-default-user/password@", "geheim")).map(({ rule }) => rule)).toEqual([
      "password-in-configmap",
    ]);
    expect(
      check(yaml.replace('"user": "@secret/rabbitmq-default-user/username@"', '"user": "web"')).map(({ rule }) => rule),
    ).toEqual(["unknown-user"]);
    expect(check(yaml.replace('"topic_permissions": [],', '"topic_permissions": [')).map(({ rule }) => rule)).toEqual([
      "definitions-json",
    ]);
  });

  it("finds a role that 4.1 and later do not need", () => {
    const yaml = toYaml(renderCluster({ namespace: "messaging", version: "4.0.5" }).manifests);
    expect(check(yaml, "4.3").map(({ rule }) => rule)).toContain("role-unneeded");
  });

  it("finds quorum queues that would stay on one node", () => {
    const props = {
      namespace: "messaging",
      version: "4.3.6",
      queues: [{ name: "tasks", vhost: "/", type: "quorum" }],
    } as const;
    const yaml = toYaml(renderCluster(props).manifests);
    expect(
      check(yaml.replace(/ +cluster_formation\.target_cluster_size_hint = 3\n/, "")).map(({ rule }) => rule),
    ).toEqual(["size-hint"]);
  });

  it("finds an import that is not tried again", () => {
    const yaml = toYaml(renderCluster({ namespace: "messaging", version: "4.3.6" }).manifests);
    const skipping = yaml.replace(/( +)definitions\.local\.path.*\n/, "$&$1definitions.skip_if_unchanged = true\n");
    const [finding, ...more] = check(skipping);
    expect(more).toEqual([]);
    expect(finding?.rule).toBe("skipped-import");
    expect(skipping.split("\n")[(finding?.line ?? 0) - 1]).toContain("definitions.skip_if_unchanged = true");
  });

  it("finds a headless Service that is missing", () => {
    const objects = renderCluster({ namespace: "messaging", version: "4.3.6" }).manifests.filter(
      ({ metadata }) => metadata.name !== "rabbitmq-headless",
    );
    expect(check(toYaml(objects)).map(({ rule }) => rule)).toEqual(["headless-service"]);
  });

  /** A cluster whose configuration lies in a Secret, as some charts have it, mounted directly or projected. */
  const inSecret = (conf: string, projected: boolean): string => {
    const objects = renderCluster({ namespace: "messaging", version: "4.3.6" }).manifests;
    const text = JSON.stringify(objects);
    const moved = JSON.parse(
      text.replace(
        '{"name":"config","configMap":{"name":"rabbitmq-config","defaultMode":292}}',
        projected
          ? '{"name":"config","projected":{"sources":[{"secret":{"name":"conf"}}]}}'
          : '{"name":"config","secret":{"secretName":"conf"}}',
      ),
    ) as { kind: string; data?: Record<string, string>; metadata: object }[];
    const config = moved.find(({ kind }) => kind === "ConfigMap")!;
    const data = { ...config.data, "rabbitmq.conf": (config.data?.["rabbitmq.conf"] ?? "") + conf };
    const encoded = Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
    );
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { ...config.metadata, name: "conf" }, data: encoded };
    return toYaml([...moved.filter((object) => object !== config), secret]);
  };

  it.each([true, false])("reads configuration that lies in a Secret (projected: %s)", (projected) => {
    expect(check(inSecret("", projected))).toEqual([]);
    const yaml = inSecret("no_such_key = 1\n", projected);
    const [finding, ...more] = check(yaml);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ rule: "conf-key", severity: "error" });
    expect(yaml.split("\n")[(finding?.line ?? 0) - 1]).toContain("rabbitmq.conf");
  });

  it("finds nodes that are told nothing of each other", () => {
    const yaml = toYaml(renderCluster({ namespace: "messaging", version: "4.3.6" }).manifests);
    const alone = yaml.replaceAll(/ +cluster_formation\..*\n/g, "");
    expect(check(alone)).toContainEqual(expect.objectContaining({ rule: "peer-discovery", severity: "error" }));
    const one = toYaml(renderCluster({ namespace: "messaging", version: "4.3.6", replicas: 1 }).manifests);
    expect(check(one.replaceAll(/ +cluster_formation\..*\n/g, ""))).toEqual([]);
    const set = renderCluster({ namespace: "messaging", version: "4.3.6" }).manifests.filter(
      ({ kind }) => kind === "StatefulSet",
    );
    expect(check(toYaml(set)).map(({ rule, severity }) => `${rule} ${severity}`)).toContain("peer-discovery warning");
  });
});

describe("check on a RabbitmqCluster", () => {
  const cluster = (spec: object, annotations = {}): string =>
    toYaml([
      {
        apiVersion: "rabbitmq.com/v1beta1",
        kind: "RabbitmqCluster",
        metadata: { name: "orders", annotations },
        spec: { image: "rabbitmq:4.3.6-management", replicas: 3, terminationGracePeriodSeconds: 60, ...spec },
      },
    ]);
  const rules = (yaml: string, version: string | null = null): readonly string[] =>
    check(yaml, version).map(({ rule, line }) => `${rule} ${yaml.split("\n")[line - 1]?.trim()}`);

  it("takes what is well, ours above all", () => {
    expect(check(cluster({ rabbitmq: { additionalConfig: "channel_max = 100\n" } }))).toEqual([]);
    const { manifests } = renderOperatorCluster({ namespace: "messaging", version: "4.0.5", celery: true });
    expect(check(toYaml(manifests))).toEqual([]);
    expect(checkManifests(readManifests("a", cluster({})), null).brokers).toBe(1);
  });

  it("reads its configuration as the broker will", () => {
    const additionalConfig =
      "channel_max = 100\nno_such_key = 1\nheartbeat = often\nldap.dn_lookup_bind.password = x\n";
    const found = rules(cluster({ rabbitmq: { additionalConfig } }));
    expect(found).toEqual(expect.arrayContaining(["conf-key no_such_key = 1", "conf-value heartbeat = often"]));
    expect(rules(cluster({ rabbitmq: { additionalConfig: "auth_ldap.dn_lookup_bind.password = x\n" } }))).toContain(
      "secret-in-config auth_ldap.dn_lookup_bind.password = x",
    );
  });

  it("finds even counts, endless stops, and a probe that no node of 4.0 answers", () => {
    expect(rules(cluster({ replicas: 2 }))).toEqual(["even-replicas replicas: 2"]);
    expect(rules(cluster({ terminationGracePeriodSeconds: undefined })).join()).toMatch(/^grace-period/);
    expect(rules(cluster({ image: "rabbitmq:4.0.5" })).join()).toMatch(/^startup-probe/);
    expect(rules(cluster({ image: "rabbitmq:4.0.5" }, { "rabbitmq.com/legacy-startup-probe": "true" }))).toEqual([]);
  });
});
