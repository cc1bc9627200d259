import { describe, expect, it } from "vitest";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { parseConf } from "../../src/rabbitmq/conf-file.ts";
import { originalObjects, type OriginalObject } from "./original.ts";

const rendered = renderCluster({ preset: "seed", secretValues: { erlangCookie: "cookie", adminPassword: "password" } })
  .manifests as unknown as readonly OriginalObject[];

const find = (kind: string, name: string): OriginalObject =>
  rendered.find((object) => object.kind === kind && object.metadata.name === name)!;

/** Every leaf of a value as `path = value`. */
function leaves(value: unknown, path = ""): Record<string, unknown> {
  if (value === null || typeof value !== "object") return { [path]: value };
  const entries = Object.entries(value);
  if (entries.length === 0) return { [path]: Array.isArray(value) ? "[]" : "{}" };
  return Object.assign({}, ...entries.map(([key, inner]) => leaves(inner, path === "" ? key : `${path}.${key}`)));
}

/** How a rendered object differs from the document's: the paths that were added, left out or changed. */
function differences(original: OriginalObject): readonly string[] {
  const before = leaves(original);
  const after = leaves(find(original.kind, original.metadata.name));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((path) => before[path] !== after[path])
    .toSorted();
}

/** Every difference there may be, by object; each has its reason in docs/kubernetes-from-the-original.md. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "ConfigMap rabbitmq-config": ["data.init-config.sh", "data.rabbitmq.conf"],
  "Secret rabbitmq-secret": ["data.RABBITMQ_ADMIN_PASSWORD", "data.RABBITMQ_ERLANG_COOKIE"],
  "ServiceAccount rabbitmq-service-account": [],
  "Role rabbitmq-role": [],
  "RoleBinding rabbitmq-role-binding": [],
  "StatefulSet rabbitmq": [
    "spec.template.spec.containers.0.image",
    "spec.template.spec.initContainers.0.image",
    "spec.template.spec.securityContext.fsGroup",
    "spec.template.spec.securityContext.runAsGroup",
    "spec.template.spec.securityContext.runAsUser",
  ],
  "Service rabbitmq-headless": ["metadata.namespace", "spec.publishNotReadyAddresses"],
  "Service rabbitmq": ["metadata.namespace"],
};

const settings = (object: OriginalObject): unknown =>
  parseConf((object["data"] as Record<string, string>)["rabbitmq.conf"] ?? "").map(
    ({ key, value }) => `${key}=${value}`,
  );

const definitions = (object: OriginalObject): unknown =>
  JSON.parse((object["data"] as Record<string, string>)["import.json"] ?? "");

describe("preset seed", () => {
  it("renders the document's objects, no more and no fewer, in its order", () => {
    expect(originalObjects).toHaveLength(8);
    expect(rendered.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(
      originalObjects.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    );
  });

  it.each(originalObjects.map((object) => [`${object.kind} ${object.metadata.name}`, object] as const))(
    "%s differs from the document only where the docs say so",
    (name, object) => {
      expect(differences(object)).toEqual(allowed[name]);
    },
  );

  it("has the document's settings, one for one", () => {
    expect(settings(find("ConfigMap", "rabbitmq-config"))).toEqual(settings(originalObjects[0]!));
  });

  it("has the document's definitions: vhost, user, permission and policy", () => {
    expect(definitions(find("ConfigMap", "rabbitmq-config"))).toEqual(definitions(originalObjects[0]!));
  });

  it("does everything the document's script does", () => {
    const script = (find("ConfigMap", "rabbitmq-config")["data"] as Record<string, string>)["init-config.sh"] ?? "";
    for (const target of [
      "/etc/rabbitmq/rabbitmq.conf",
      "/etc/rabbitmq/enabled_plugins",
      "/var/lib/rabbitmq/.erlang.cookie",
      "/etc/rabbitmq/import.json",
    ]) {
      expect(script).toContain(target);
    }
    expect(script).not.toContain("envsubst");
  });

  it("leaves the Secret to the person when no values are given, and says how to make it", () => {
    const { manifests, secretCommands } = renderCluster({ preset: "seed" });
    expect(manifests.map(({ kind }) => kind)).not.toContain("Secret");
    expect(secretCommands).toEqual([
      "kubectl -n rabbitmq-golang create secret generic rabbitmq-secret --from-literal=RABBITMQ_ERLANG_COOKIE=COOKIE --from-literal=RABBITMQ_ADMIN_PASSWORD=PASSWORD",
    ]);
  });

  it.each(["4.0.5", "4.1", "4.3.6"])(
    "refuses %s, for its policy would make every pod crash, and says the way on",
    (version) => {
      expect(() => renderCluster({ preset: "seed", version })).toThrow(/ha-fed-test.*crash-loop.*3\.13/);
    },
  );

  it.each(["3.9", "3.10.8", "3.11", "3.12.14", "3.13.7"])("renders for %s", (version) => {
    expect(renderCluster({ preset: "seed", version }).manifests).toHaveLength(7);
  });

  it("looks as it did before", () => {
    expect(renderCluster({ preset: "seed" }).manifests).toMatchSnapshot();
  });

  it("names all refusals at once", () => {
    expect(() => renderCluster({ preset: "seed", version: "4.3", replicas: 0, namespace: "A" })).toThrow(
      /version:[\s\S]*namespace:[\s\S]*replicas:/,
    );
  });
});
