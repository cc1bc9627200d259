import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Shape } from "@leveret/options";
import { modernShape, seedShape } from "../../src/cluster/props-shape.ts";
import { refusalsOf } from "../../src/refusal/shape.ts";
import { workersShape } from "../../src/workers/props-shape.ts";

/** The props of an interface, as the source says them. */
function propsOf(file: string, name: string): readonly string[] {
  const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, "m").exec(source)?.[1] ?? "";
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, prop = ""]) => prop);
}

/** The props that a shape knows, which it tells whoever asks for another. */
const known = (shape: Shape): readonly string[] => {
  const refused = shape({ thereIsNoPropOfThisName: 1 }).find(({ path }) => path === "thereIsNoPropOfThisName");
  return refused?.remedy.replace("Leave it out; there are ", "").split(", ") ?? [];
};

describe("the shape of props", () => {
  it.each([
    [
      "a modern cluster",
      modernShape,
      [...propsOf("cluster/topology.ts", "Topology"), ...propsOf("cluster/props.ts", "ModernProps")],
    ],
    ["the original document's", seedShape, propsOf("cluster/props.ts", "SeedProps")],
    ["workers", workersShape, propsOf("workers/props.ts", "CeleryWorkersProps")],
  ])("of %s has every prop of its interface and no other", (_, shape, interfaces) => {
    expect(interfaces.length).toBeGreaterThan(5);
    expect(known(shape).toSorted()).toEqual(interfaces.toSorted());
  });

  it.each([
    ["vhosts", "Vhost"],
    ["users", "User"],
    ["permissions", "Permission"],
    ["topicPermissions", "TopicPermission"],
    ["policies", "Policy"],
    ["operatorPolicies", "Policy"],
    ["queues", "Queue"],
    ["exchanges", "Exchange"],
    ["bindings", "Binding"],
    ["federationUpstreams", "FederationUpstream"],
    ["shovels", "Shovel"],
  ])("of an entry of %s has every prop of %s and no other", (list, name) => {
    const entry: Shape = (value) =>
      modernShape({ [list]: [value] }).map((wrong) => ({
        ...wrong,
        path: wrong.path.replace(`${list}[0].`, ""),
      }));
    expect(known(entry).toSorted()).toEqual(propsOf("cluster/topology.ts", name).toSorted());
  });

  it.each([
    ["StorageProps", "storage"],
    ["ResourceProps", "resources"],
    ["TlsProps", "tls"],
    ["NetworkPolicyProps", "networkPolicy"],
    ["MonitoringProps", "monitoring"],
    ["ManagementRouteProps", "managementRoute"],
    ["SchedulingProps", "scheduling"],
    ["LifecycleProps", "lifecycle"],
    ["CeleryProps", "celery"],
    ["ServiceProps", "service"],
    ["PodProps", "pod", "cluster/pod-props.ts"],
  ])("has every prop of %s under `%s`, and no other", (name, prop, file = "cluster/props.ts") => {
    const part: Shape = (value) =>
      modernShape({ [prop]: value }).map((wrong) => ({ ...wrong, path: wrong.path.replace(`${prop}.`, "") }));
    expect(known(part).toSorted()).toEqual(propsOf(file, name).toSorted());
  });

  it("never repeats a value, which may be a password in the wrong place", () => {
    const refusals = refusalsOf(modernShape, {
      namespace: "a",
      version: "4.3",
      users: [{ name: "web", password: "geheim" }],
    });
    expect(refusals.map(({ prop }) => prop)).toEqual(["users[0].password"]);
    expect(JSON.stringify(refusals)).not.toContain("geheim");
  });
});
