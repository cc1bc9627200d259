import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import type { Manifest } from "../../src/manifests/manifest.ts";
import { parseConf } from "../../src/rabbitmq/conf-file.ts";
import { refuseKey, refuseValue } from "../../src/rabbitmq/conf-keys.ts";
import { parseVersion } from "../../src/rabbitmq/version.ts";
import type { ModernProps } from "../../src/cluster/props.ts";
import { anyProps, everything } from "../samples.ts";
import { View } from "../view.ts";

const render = (props: ModernProps): readonly Manifest[] => renderCluster(props).manifests;

const views = (props: ModernProps): readonly View[] => render(props).map((manifest) => new View(manifest));

const toText = (manifests: readonly Manifest[]): string =>
  manifests.map((manifest) => stringify(manifest, { aliasDuplicateObjects: false })).join("---\n");

const only = (objects: readonly View[], kind: string, name?: string): View => {
  const found = objects.filter((object) => object.kind === kind && (name === undefined || object.name === name));
  expect(found).toHaveLength(1);
  return found[0]!;
};

const pod = ["spec", "template", "spec"] as const;
const minimal: ModernProps = { namespace: "messaging", version: "4.3.6" };

const egress = (version: string): unknown => only(views({ ...minimal, version }), "NetworkPolicy").at("spec", "egress");

describe("a modern cluster", () => {
  it("renders these objects and no others by default, in the order to apply them", () => {
    expect(render(minimal).map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      "ServiceAccount/rabbitmq",
      "ConfigMap/rabbitmq-config",
      "NetworkPolicy/rabbitmq",
      "Service/rabbitmq-headless",
      "Service/rabbitmq",
      "PodDisruptionBudget/rabbitmq",
      "StatefulSet/rabbitmq",
    ]);
  });

  it.each(["3.10.8", "3.13", "4.0.5", "4.1", "4.2", "4.3.6"])("looks on %s as it did before", (version) => {
    expect(toText(render({ ...minimal, version }))).toMatchSnapshot();
  });

  it("with everything asked for looks as it did before", () => {
    expect(toText(render(everything("4.3.6")))).toMatchSnapshot();
  });

  it.each(["3.10.8", "3.13", "4.0.5"])(
    "may read endpoints and make events on %s, where peer discovery asks the API server",
    (version) => {
      const objects = views({ ...minimal, version });
      expect(only(objects, "Role").at("rules")).toEqual([
        { apiGroups: [""], resources: ["endpoints"], resourceNames: ["rabbitmq-headless"], verbs: ["get"] },
        { apiGroups: [""], resources: ["events"], verbs: ["create"] },
      ]);
      expect(only(objects, "StatefulSet").at(...pod, "automountServiceAccountToken")).toBe(true);
    },
  );

  it.each(["4.1", "4.2", "4.3.6"])("has no role and no token on %s, where it asks nothing", (version) => {
    const objects = views({ ...minimal, version });
    expect(objects.filter(({ kind }) => kind.startsWith("Role"))).toEqual([]);
    expect(only(objects, "StatefulSet").at(...pod, "automountServiceAccountToken")).toBe(false);
    expect(only(objects, "ServiceAccount").at("automountServiceAccountToken")).toBe(false);
  });

  it("meets Pod Security restricted, in the init container too", () => {
    const set = only(views(minimal), "StatefulSet");
    expect(set.at(...pod, "securityContext")).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 999,
      fsGroup: 999,
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const list of ["initContainers", "containers"]) {
      expect(set.at(...pod, list, 0, "securityContext")).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      });
    }
  });

  it("uses the Alpine image's own user and group", () => {
    const set = only(views({ ...minimal, image: "rabbitmq:4.3-management-alpine" }), "StatefulSet");
    expect(set.at(...pod, "securityContext")).toMatchObject({ runAsUser: 100, runAsGroup: 101, fsGroup: 101 });
  });

  it("starts all nodes together, and is ready and started by its AMQP port, with no liveness probe", () => {
    const set = only(views(minimal), "StatefulSet");
    expect(set.at("spec", "podManagementPolicy")).toBe("Parallel");
    expect(set.at(...pod, "containers", 0, "readinessProbe", "tcpSocket", "port")).toBe("amqp");
    expect(set.at(...pod, "containers", 0, "startupProbe")).toMatchObject({
      tcpSocket: { port: "amqp" },
      failureThreshold: 450,
    });
    expect(set.at(...pod, "containers", 0, "livenessProbe")).toBeUndefined();
  });

  it("bounds both steps before stopping, within the grace period", () => {
    const set = only(views({ ...minimal, lifecycle: { awaitQuorumSeconds: 100, drainSeconds: 20 } }), "StatefulSet");
    expect(set.at(...pod, "containers", 0, "lifecycle", "preStop", "exec", "command", 2)).toBe(
      "timeout 110 rabbitmq-upgrade await_online_quorum_plus_one -t 100 || true; timeout 30 rabbitmq-upgrade drain -t 20 || true",
    );
    expect(set.at(...pod, "terminationGracePeriodSeconds")).toBe(180);
  });

  it("waits for mirrors too, where a policy makes them", () => {
    const policies = [{ name: "ha", vhost: "/", pattern: ".*", definition: { "ha-mode": "all" } }];
    const set = only(views({ ...minimal, version: "3.13", policies }), "StatefulSet");
    expect(set.text(...pod, "containers", 0, "lifecycle", "preStop", "exec", "command", 2)).toContain(
      "timeout 70 rabbitmq-upgrade await_online_synchronized_mirror -t 60",
    );
    expect(set.at(...pod, "terminationGracePeriodSeconds")).toBe(250);
  });

  it("keeps volumes, and tells the default storage class from none", () => {
    expect(only(views(minimal), "StatefulSet").at("spec", "persistentVolumeClaimRetentionPolicy")).toEqual({
      whenDeleted: "Retain",
      whenScaled: "Retain",
    });
    const claim = ["spec", "volumeClaimTemplates", 0, "spec", "storageClassName"] as const;
    expect(only(views(minimal), "StatefulSet").at(...claim)).toBeUndefined();
    expect(only(views({ ...minimal, storage: { className: "" } }), "StatefulSet").at(...claim)).toBe("");
  });

  it("has no disruption budget for a single node, which it would keep from ever being moved", () => {
    expect(views({ ...minimal, replicas: 1 }).map(({ kind }) => kind)).not.toContain("PodDisruptionBudget");
  });

  it("serves encrypted AMQP, management and metrics only, once TLS is asked for", () => {
    const objects = views({ ...minimal, tls: { issuer: { name: "ca" } } });
    const ports = only(objects, "Service", "rabbitmq")
      .list<{ name: string }>("spec", "ports")
      .map(({ name }) => name);
    expect(ports).toEqual(["amqps", "management-tls", "prometheus-tls"]);
    expect(only(objects, "StatefulSet").at(...pod, "containers", 0, "readinessProbe", "tcpSocket", "port")).toBe(
      "amqps",
    );
    expect(only(objects, "Certificate").at("spec", "dnsNames")).toContain(
      "*.rabbitmq-headless.messaging.svc.cluster.local",
    );
  });

  it("lets in its own pods, clients and metrics, and lets out DNS; the API server only where it is asked", () => {
    expect(egress("4.3.6")).toHaveLength(2);
    expect(egress("4.0.5")).toHaveLength(3);
    expect(JSON.stringify(egress("4.3.6"))).toContain('{"protocol":"UDP","port":53}');
  });

  it.each([
    ["none", [], "balanced"],
    ["a quorum queue", [{ name: "a", vhost: "/" }], "balanced"],
    ["a classic one", [{ name: "a", vhost: "/", type: "classic" }], undefined],
    ["one that can only be classic", [{ name: "a", vhost: "/", autoDelete: true }], undefined],
    ["one of a classic vhost", [{ name: "a", vhost: "c" }], undefined],
  ] as const)("places queues evenly where the definitions have %s: %o", (_, queues, locator) => {
    const props = { ...minimal, vhosts: [{ name: "/" }, { name: "c", defaultQueueType: "classic" as const }], queues };
    const conf = parseConf(only(views(props), "ConfigMap").text("data", "rabbitmq.conf"));
    expect(conf.find(({ key }) => key === "queue_leader_locator")?.value).toBe(locator);
    expect(conf.map(({ key }) => key)).not.toContain("definitions.skip_if_unchanged");
  });

  it("sets what Celery needs by version: quorum only from 4.3 on, transient queues permitted there", () => {
    const conf = (version: string): Record<string, string> =>
      Object.fromEntries(
        parseConf(only(views({ ...minimal, version, celery: true }), "ConfigMap").text("data", "rabbitmq.conf")).map(
          ({ key, value }) => [key, value],
        ),
      );
    expect(conf("4.3.6")).toMatchObject({
      default_queue_type: "quorum",
      consumer_timeout: "86400000",
      "deprecated_features.permit.transient_nonexcl_queues": "true",
    });
    expect(conf("4.2")).toMatchObject({ default_queue_type: "classic", consumer_timeout: "86400000" });
    expect(conf("4.2")).not.toHaveProperty(["deprecated_features.permit.transient_nonexcl_queues"]);
    expect(resolveCluster({ ...minimal, version: "4.2", celery: true }).warnings.join()).toContain(
      'task_default_queue_type = "quorum"',
    );
  });
});

const check = (property: (props: ModernProps) => void): void => {
  fc.assert(fc.property(anyProps, property), { numRuns: 100 });
};

describe("any valid props", () => {
  it("give every object the namespace and an explicit name within limits", () => {
    check((props) => {
      for (const { metadata } of render(props)) {
        expect(metadata.namespace).toBe(props.namespace);
        expect(metadata.name).toMatch(/^[a-z][a-z0-9-]*$/);
        expect(metadata.name.length).toBeLessThanOrEqual(52);
      }
    });
  });

  it("give the same bytes twice", () => {
    check((props) => {
      expect(JSON.stringify(render(structuredClone(props)))).toBe(JSON.stringify(render(props)));
    });
  });

  it("give only settings the version knows, with values it takes", () => {
    check((props) => {
      const version = parseVersion(props.version)!;
      const conf = only(views(props), "ConfigMap", `${props.name ?? "rabbitmq"}-config`).text("data", "rabbitmq.conf");
      for (const { key, value } of parseConf(conf)) {
        expect([key, refuseKey(version, key), refuseValue(key, value)]).toEqual([key, null, null]);
      }
    });
  });

  it("give Services only ports that the pods have, and selectors that find the pods", () => {
    check((props) => {
      const objects = views(props);
      const set = only(objects, "StatefulSet");
      const ports = set.list<{ name: string; containerPort: number }>(...pod, "containers", 0, "ports");
      const labels = set.at("spec", "template", "metadata", "labels") as Record<string, string>;
      for (const service of objects.filter(({ kind }) => kind === "Service")) {
        for (const { targetPort, port } of service.list<{ targetPort: string; port: number }>("spec", "ports")) {
          expect(ports).toContainEqual({ name: targetPort, containerPort: port });
          expect(targetPort.length).toBeLessThanOrEqual(15);
        }
        expect(labels).toMatchObject(service.at("spec", "selector") as object);
      }
    });
  });

  it("put no password in any object: every secret is a mark, filled in within the pod", () => {
    check((props) => {
      const definitions = JSON.parse(
        only(views(props), "ConfigMap", `${props.name ?? "rabbitmq"}-config`).text("data", "definitions.json"),
      ) as { users: { password: string }[] };
      for (const { password } of definitions.users) expect(password).toMatch(/^@secret\/[^/]+\/[^/]+@$/);
      expect(render(props).some(({ kind }) => kind === "Secret")).toBe(false);
    });
  });

  it("have an advanced.config, and both families of addresses, where they are asked for", () => {
    const advancedConfig = "% a comment\n[\n {rabbit, [{tcp_listen_options, [{backlog, 128}]}]}\n].\n";
    const all = views({
      namespace: "messaging",
      version: "4.3.6",
      advancedConfig,
      service: { ipFamilyPolicy: "PreferDualStack" },
    });
    const config = only(all, "ConfigMap", "rabbitmq-config");
    expect(config.text("data", "advanced.config")).toBe(advancedConfig);
    expect(config.text("data", "setup.sh")).toContain("/etc/rabbitmq/advanced.config");
    const services = all.filter(({ kind }) => kind === "Service");
    expect(services.map((service) => service.at("spec", "ipFamilyPolicy"))).toEqual([
      "PreferDualStack",
      "PreferDualStack",
    ]);
  });

  it("let a restarted node be known to its peers' DNS before the next one stops", () => {
    const seconds = (more: Partial<ModernProps>): unknown =>
      only(views({ namespace: "messaging", version: "4.3.6", ...more }), "StatefulSet").at("spec", "minReadySeconds");
    expect(seconds({})).toBe(35);
    expect(seconds({ replicas: 1 })).toBeUndefined();
    expect(seconds({ lifecycle: { minReadySeconds: 0 } })).toBe(0);
    expect(() => seconds({ lifecycle: { minReadySeconds: -1 } })).toThrow(/lifecycle\.minReadySeconds.*0 or more/);
  });

  it("restart no node when only the number of nodes changes", () => {
    check((props) => {
      const template = (replicas: number): unknown =>
        only(views({ ...props, replicas }), "StatefulSet").at("spec", "template");
      expect(template(5)).toEqual(template(3));
    });
  });

  it("leave nothing mounted that no volume provides", () => {
    check((props) => {
      const set = only(views(props), "StatefulSet");
      const volumes = [...set.list<{ name: string }>(...pod, "volumes").map(({ name }) => name), "data"];
      for (const list of ["initContainers", "containers"]) {
        for (const { name } of set.list<{ name: string }>(...pod, list, 0, "volumeMounts"))
          expect(volumes).toContain(name);
      }
    });
  });
});
