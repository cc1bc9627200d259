import { describe, expect, it } from "vitest";
import type { PodProps } from "../../src/cluster/pod-props.ts";
import { renderOperatorCluster } from "../../src/constructs/operator-rabbit-cluster.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { RefusedPropsError } from "../../src/refusal/refusal.ts";
import { View } from "../view.ts";

const base = { namespace: "messaging", version: "4.3.6" } as const;
const spec = ["spec", "template", "spec"] as const;

const pod: PodProps = {
  volumes: [
    { name: "plugins", emptyDir: "", path: "/opt/plugins" },
    { name: "ldap", secret: "ldap-ca", path: "/etc/ldap" },
  ],
  initContainers: [{ name: "fetch", image: "shop/plugins:1", mounts: { "/out": "plugins" } }],
  containers: [{ name: "logs", image: "shop/logs:1", env: { LEVEL: "info" } }],
  ports: [{ name: "own", port: 12_345 }],
};

const views = (props: object): readonly View[] =>
  renderCluster({ ...base, ...props }).manifests.map((manifest) => new View(manifest));
const find = (all: readonly View[], kind: string, name: string): View =>
  all.find((view) => view.kind === kind && view.name === name)!;
const set = (props: object): View => find(views(props), "StatefulSet", "rabbitmq");

describe("what pods have beside a node", () => {
  it("is mounted, runs and listens, under the same restrictions", () => {
    const own = set({ pod });
    expect(own.at(...spec, "containers", 0, "volumeMounts")).toEqual(
      expect.arrayContaining([
        { name: "plugins", mountPath: "/opt/plugins" },
        { name: "ldap", mountPath: "/etc/ldap" },
      ]),
    );
    expect(own.list<{ name: string }>(...spec, "initContainers").map(({ name }) => name)).toEqual(["setup", "fetch"]);
    expect(own.at(...spec, "containers", 1)).toMatchObject({
      name: "logs",
      env: [{ name: "LEVEL", value: "info" }],
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
    });
  });

  it("is reached by its ports through the Service, from where clients may come", () => {
    const all = views({ pod });
    expect(find(all, "Service", "rabbitmq").text("spec", "ports")).toBeTruthy();
    const ports = find(all, "Service", "rabbitmq").list<{ name: string; port: number }>("spec", "ports");
    expect(ports).toContainEqual({ name: "own", port: 12_345, targetPort: "own" });
    const policy = JSON.stringify(find(all, "NetworkPolicy", "rabbitmq").at("spec", "ingress"));
    expect(policy).toContain('{"protocol":"TCP","port":12345}');
  });

  it("asks the broker as it is told to, and by the port of AMQP otherwise", () => {
    const probes = {
      readinessProbe: { command: ["rabbitmq-diagnostics", "ping"], periodSeconds: 30 },
      startupProbe: { periodSeconds: 5 },
      livenessProbe: { path: "/metrics", port: 15_692 },
    };
    const server = set({ pod: probes, lifecycle: { startupSeconds: 61 } });
    const at = (probe: string): unknown => server.at(...spec, "containers", 0, probe);
    expect(at("readinessProbe")).toMatchObject({
      exec: { command: ["rabbitmq-diagnostics", "ping"] },
      periodSeconds: 30,
    });
    expect(at("startupProbe")).toMatchObject({ tcpSocket: { port: "amqp" }, periodSeconds: 5, failureThreshold: 13 });
    expect(at("livenessProbe")).toMatchObject({ httpGet: { path: "/metrics", port: 15_692 }, periodSeconds: 5 });
    expect(set({}).at(...spec, "containers", 0, "livenessProbe")).toBeUndefined();
  });

  it("is merged into what the operator makes", () => {
    const [resource] = renderOperatorCluster({ ...base, pod }).manifests;
    const override = new View(resource!);
    const inPod = ["spec", "override", "statefulSet", ...spec] as const;
    expect(override.at("spec", "override", "service", "spec", "ports")).toEqual([
      { name: "own", port: 12_345, targetPort: "own" },
    ]);
    expect(override.list<{ name: string }>(...inPod, "containers").map(({ name }) => name)).toEqual([
      "rabbitmq",
      "logs",
    ]);
    expect(override.at(...inPod, "containers", 0, "ports")).toEqual([{ name: "own", containerPort: 12_345 }]);
    expect(override.list<{ name: string }>(...inPod, "volumes").map(({ name }) => name)).toEqual(["plugins", "ldap"]);
  });

  const volume = { name: "a", emptyDir: "" };
  const container = { name: "a", image: "a" };
  it.each<readonly [string, object]>([
    ["pod.volumes[0].name", { volumes: [{ ...volume, name: "data" }] }],
    ["pod.volumes[0].name", { volumes: [{ ...volume, name: "A" }] }],
    ["pod.volumes[1].name", { volumes: [volume, volume] }],
    ["pod.volumes[0]", { volumes: [{ name: "a" }] }],
    ["pod.volumes[0]", { volumes: [{ ...volume, secret: "a" }] }],
    ["pod.volumes[0].secret", { volumes: [{ name: "a", secret: "A B" }] }],
    ["pod.volumes[0].emptyDir", { volumes: [{ name: "a", emptyDir: "1 Gi" }] }],
    ["pod.volumes[0].path", { volumes: [{ ...volume, path: "opt" }] }],
    ["pod.volumes[0].path", { volumes: [{ ...volume, path: "/opt/../etc" }] }],
    ["pod.volumes[0].path", { volumes: [{ ...volume, path: "/a:b" }] }],
    ["pod.volumes[0].path", { volumes: [{ ...volume, path: "/" }] }],
    ["pod.volumes[0].path", { volumes: [{ ...volume, path: "/etc/rabbitmq" }] }],
    ["pod.volumes[0].path", { volumes: [{ ...volume, path: "/var/lib" }] }],
    [
      "pod.volumes[1].path",
      {
        volumes: [
          { ...volume, path: "/a" },
          { name: "b", emptyDir: "", path: "/a" },
        ],
      },
    ],
    ["pod.volumes[0].pvc", { volumes: [{ ...volume, pvc: "a" }] }],
    ["pod.containers[0].name", { containers: [{ ...container, name: "rabbitmq" }] }],
    ["pod.containers[0].name", { initContainers: [container], containers: [container] }],
    ["pod.containers[0].image", { containers: [{ ...container, image: "" }] }],
    ['pod.containers[0].env["A B"]', { containers: [{ ...container, env: { "A B": "" } }] }],
    [
      'pod.containers[0].secretEnv["A"]',
      { containers: [{ ...container, env: { A: "" }, secretEnv: { A: { name: "a", key: "b" } } }] },
    ],
    [
      'pod.containers[0].secretEnv["A"].key',
      { containers: [{ ...container, secretEnv: { A: { name: "a", key: "..b" } } }] },
    ],
    ['pod.containers[0].mounts["/a"]', { containers: [{ ...container, mounts: { "/a": "data" } }] }],
    ['pod.containers[0].mounts["a"]', { volumes: [volume], containers: [{ ...container, mounts: { a: "a" } }] }],
    ["pod.containers[0].resources.cpu", { containers: [{ ...container, resources: { cpu: "0" } }] }],
    ["pod.containers[0].resources.memory", { containers: [{ ...container, resources: { memory: "64MB" } }] }],
    ["pod.ports[0].name", { ports: [{ name: "a-name-of-16-char", port: 1 }] }],
    ["pod.ports[0].name", { ports: [{ name: "80", port: 80 }] }],
    ["pod.ports[0].name", { ports: [{ name: "amqps", port: 80 }] }],
    ["pod.ports[0].port", { ports: [{ name: "own", port: 5671 }] }],
    ["pod.ports[0].port", { ports: [{ name: "own", port: 6001 }] }],
    ["pod.ports[0].port", { ports: [{ name: "own", port: 0 }] }],
    [
      "pod.ports[1].port",
      {
        ports: [
          { name: "own", port: 80 },
          { name: "other", port: 80 },
        ],
      },
    ],
    ["pod.readinessProbe", { readinessProbe: { command: ["a"], port: 80 } }],
    ["pod.readinessProbe.command", { readinessProbe: { command: [] } }],
    ["pod.readinessProbe.path", { readinessProbe: { path: "healthz" } }],
    ["pod.readinessProbe.port", { readinessProbe: { port: "own" } }],
    ["pod.readinessProbe.port", { readinessProbe: { port: "amqps" } }],
    ["pod.readinessProbe.port", { readinessProbe: { port: 70_000 } }],
    ["pod.livenessProbe.periodSeconds", { livenessProbe: { periodSeconds: 0 } }],
    ["pod.startupProbe.timeoutSeconds", { startupProbe: { timeoutSeconds: 1.5 } }],
    ["pod.startupProbe.failureThreshold", { startupProbe: { failureThreshold: 3 } }],
  ])("%s is refused in %j", (prop, given) => {
    let refused: readonly string[] = [];
    try {
      renderCluster({ ...base, pod: given });
    } catch (error) {
      if (!(error instanceof RefusedPropsError)) throw error;
      refused = error.refusals.map((refusal) => refusal.prop);
    }
    expect(refused).toContain(prop);
  });
});

describe("a cluster over IPv6 alone", () => {
  const ipv6 = { service: { ipFamily: "IPv6" } } as const;

  it("has Services and links of that family, for nodes and tools", () => {
    const all = views(ipv6);
    for (const name of ["rabbitmq", "rabbitmq-headless"])
      expect(find(all, "Service", name).at("spec", "ipFamilies")).toEqual(["IPv6"]);
    const env = find(all, "StatefulSet", "rabbitmq").list<{ name: string; value: string }>(
      ...spec,
      "containers",
      0,
      "env",
    );
    expect(env).toContainEqual({
      name: "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
      value: "-kernel inetrc '/etc/rabbitmq/erl_inetrc' -proto_dist inet6_tcp",
    });
    expect(env).toContainEqual({ name: "RABBITMQ_CTL_ERL_ARGS", value: "-proto_dist inet6_tcp" });
    const config = find(all, "ConfigMap", "rabbitmq-config");
    expect(config.at("data", "erl_inetrc")).toBe("{inet6, true}.\n");
    expect(config.text("data", "setup.sh")).toContain("/etc/rabbitmq/erl_inetrc");
  });

  it("encrypts its links over IPv6 too", () => {
    const env = JSON.stringify(
      set({ ...ipv6, tls: { secretName: "tls", interNode: true } }).at(...spec, "containers", 0, "env"),
    );
    expect(env).toContain("-proto_dist inet6_tls -ssl_dist_optfile /etc/rabbitmq/inter-node.config");
  });

  it("is the same for the operator, by its own files", () => {
    const { manifests } = renderOperatorCluster({ ...base, ...ipv6 });
    const resource = new View(manifests[0]!);
    expect(resource.at("spec", "rabbitmq", "erlangInetConfig")).toBe("{inet6, true}.\n");
    expect(resource.at("spec", "rabbitmq", "envConfig")).toBe(
      'SERVER_ADDITIONAL_ERL_ARGS="-kernel inetrc \'/etc/rabbitmq/erl_inetrc\' -proto_dist inet6_tcp"\nRABBITMQ_CTL_ERL_ARGS="-proto_dist inet6_tcp"\n',
    );
    expect(resource.at("spec", "override", "service", "spec", "ipFamilies")).toEqual(["IPv6"]);
  });
});
