import { describe, expect, it } from "vitest";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { renderWorkers } from "../../src/constructs/celery-workers.ts";
import { checkWorkers } from "../../src/workers/resolve.ts";
import type { CeleryWorkersProps } from "../../src/workers/props.ts";
import { View } from "../view.ts";

const { connection } = renderCluster({
  namespace: "messaging",
  version: "4.3",
  celery: true,
  vhosts: [{ name: "shop" }],
});
const encrypted = renderCluster({ namespace: "messaging", version: "4.3", tls: { issuer: { name: "ca" } } }).connection;
const seed = renderCluster({ preset: "seed" }).connection;
const minimal: CeleryWorkersProps = { name: "workers", cluster: connection, image: "shop/worker:1" };

const pod = ["spec", "template", "spec"] as const;
const container = [...pod, "containers", 0] as const;

function only(props: CeleryWorkersProps, kind: string): View {
  return renderWorkers(props)
    .map((manifest) => new View(manifest))
    .find((object) => object.kind === kind)!;
}

describe("workers", () => {
  it("reach the broker by an address from the Secret", () => {
    expect(only(minimal, "Deployment").list(...container, "env")).toContainEqual({
      name: "CELERY_BROKER_URL",
      valueFrom: { secretKeyRef: { name: "rabbitmq-default-user", key: "connection_string" } },
    });
  });

  it("may finish their longest task before they are ended", () => {
    expect(
      only({ ...minimal, taskTimeLimitSeconds: 1200 }, "Deployment").at(...pod, "terminationGracePeriodSeconds"),
    ).toBe(1215);
  });

  it("are probed over HTTP by default, and by a file where they touch one", () => {
    expect(only(minimal, "Deployment").at(...container, "livenessProbe", "httpGet")).toEqual({
      path: "/healthz",
      port: "health",
    });
    expect(only(minimal, "Deployment").at(...container, "readinessProbe", "httpGet")).toEqual({
      path: "/readyz",
      port: "health",
    });
    const python = only(
      { ...minimal, health: { kind: "heartbeat", file: "/tmp/beat", maxAgeSeconds: 90 } },
      "Deployment",
    );
    expect(python.at(...container, "livenessProbe", "exec", "command", 2)).toBe("find /tmp/beat -mmin -2 | grep -q .");
    expect(
      only({ ...minimal, health: { kind: "none" } }, "Deployment").at(...container, "livenessProbe"),
    ).toBeUndefined();
  });

  it("trust the cluster's authority where AMQP is encrypted", () => {
    const deployment = only({ ...minimal, cluster: encrypted }, "Deployment");
    expect(deployment.list(...container, "env")).toContainEqual({
      name: "NODE_EXTRA_CA_CERTS",
      value: "/run/rabbitmq-ca/ca.crt",
    });
    expect(deployment.list<{ name: string }>(...pod, "volumes").map(({ name }) => name)).toEqual(["tmp", "ca"]);
  });

  it("leave the count to the autoscaler", () => {
    expect(only(minimal, "Deployment").at("spec", "replicas")).toBe(2);
    expect(
      only({ ...minimal, scaling: { by: "cpu", maxReplicas: 4 } }, "Deployment").at("spec", "replicas"),
    ).toBeUndefined();
  });

  it("are scaled by what waits and what runs in each of their queues, with the password apart from the address", () => {
    const props: CeleryWorkersProps = {
      ...minimal,
      queues: ["mail", "images"],
      taskTimeLimitSeconds: 900,
      scaling: { by: "queue", maxReplicas: 20 },
    };
    const scaled = only(props, "ScaledObject");
    expect(scaled.list<{ metadata: object }>("spec", "triggers").map(({ metadata }) => metadata)).toEqual(
      ["mail", "images"].map((queueName) => ({
        protocol: "http",
        host: "http://rabbitmq.messaging.svc:15672/",
        vhostName: "shop",
        queueName,
        mode: "QueueLength",
        value: "10",
        activationValue: "0",
        excludeUnacknowledged: "false",
      })),
    );
    expect(scaled.at("spec", "cooldownPeriod")).toBe(960);
    expect(only(props, "TriggerAuthentication").list("spec", "secretTargetRef")).toEqual([
      { parameter: "username", name: "rabbitmq-default-user", key: "username" },
      { parameter: "password", name: "rabbitmq-default-user", key: "password" },
    ]);
  });

  it("are counted over an encrypted connection where the cluster has no other", () => {
    const props: CeleryWorkersProps = { ...minimal, cluster: encrypted, scaling: { by: "queue", maxReplicas: 20 } };
    expect(only(props, "ScaledObject").at("spec", "triggers", 0, "metadata", "host")).toBe(
      "https://rabbitmq.messaging.svc:15671/",
    );
    expect(only(props, "TriggerAuthentication").list("spec", "secretTargetRef")).toContainEqual({
      parameter: "ca",
      name: "rabbitmq-tls",
      key: "ca.crt",
    });
    expect(only(props, "TriggerAuthentication").list("spec", "configMapTargetRef")).toEqual([
      { parameter: "tls", name: "workers-scaling", key: "tls" },
    ]);
    expect(only(props, "ConfigMap").at("data")).toEqual({ tls: "enable" });
  });

  it.each([
    ["a name that is none", { name: "My Workers" }, "name"],
    ["a cluster without an address in a Secret", { cluster: seed }, "brokerUrl"],
    ["a count beside an autoscaler", { replicas: 3, scaling: { by: "cpu", maxReplicas: 9 } }, "replicas"],
    ["fewer at most than at least", { scaling: { by: "cpu", maxReplicas: 1 } }, "scaling.maxReplicas"],
    ["scaling by no queue", { queues: [], scaling: { by: "queue", maxReplicas: 9 } }, "queues"],
    [
      "scaling without a user in a Secret",
      { cluster: seed, brokerUrl: { name: "a", key: "b" }, scaling: { by: "queue", maxReplicas: 9 } },
      "scaling.credentials",
    ],
    ["no time for a task", { taskTimeLimitSeconds: 0 }, "taskTimeLimitSeconds"],
    ["half a pod", { replicas: 0.5 }, "replicas"],
    ["a file for a shell", { health: { kind: "heartbeat", file: "/tmp/a; rm -rf /" } }, "health.file"],
    ["a file of another folder", { health: { kind: "heartbeat", file: "/tmp/../etc/a" } }, "health.file"],
    ["a file with an option", { health: { kind: "heartbeat", file: "-delete" } }, "health.file"],
    ["a Secret by a path", { brokerUrl: { name: "../a", key: "b" } }, "brokerUrl.name"],
    ["a Secret's key by a path", { secretEnv: { A: { name: "a", key: "b/c" } } }, 'secretEnv["A"].key'],
    ["memory that is none", { resources: { memory: "much" } }, "resources.memory"],
    ["processor time that is none", { resources: { cpu: "fast" } }, "resources.cpu"],
  ] as const)("refuse %s", (_, props, prop) => {
    expect(checkWorkers({ ...minimal, ...props }).map((refusal) => refusal.prop)).toEqual([prop]);
  });
});

describe("a network policy of workers", () => {
  const policyOf = (props: object): View | undefined =>
    renderWorkers({ ...minimal, ...props })
      .map((manifest) => new View(manifest))
      .find(({ kind }) => kind === "NetworkPolicy");

  it("is rendered where it is asked for, and lets them reach DNS and the brokers by their labels", () => {
    expect(policyOf({})).toBeUndefined();
    const policy = policyOf({ cluster: encrypted, namespace: "shop", networkPolicy: true });
    expect(policy?.at("spec")).toEqual({
      podSelector: {
        matchLabels: { "app.kubernetes.io/name": "celery-worker", "app.kubernetes.io/instance": "workers" },
      },
      policyTypes: ["Ingress", "Egress"],
      ingress: [],
      egress: [
        { ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 })) },
        {
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "messaging" } },
              podSelector: {
                matchLabels: { "app.kubernetes.io/name": "rabbitmq", "app.kubernetes.io/instance": "rabbitmq" },
              },
            },
          ],
          ports: [{ protocol: "TCP", port: 5671 }],
        },
      ],
    });
  });

  it("lets in and out who is named", () => {
    const ingress = [{ namespaceSelector: {} }];
    const egress = [{ ipBlock: { cidr: "10.0.0.0/8" } }];
    const policy = policyOf({ networkPolicy: { ingress, egress } });
    expect(policy?.at("spec", "ingress")).toEqual([{ from: ingress }]);
    expect(policy?.at("spec", "egress", 2)).toEqual({ to: egress });
    expect(checkWorkers({ ...minimal, networkPolicy: { egress: [{}] } }).map(({ prop }) => prop)).toEqual([
      "networkPolicy.egress[0]",
    ]);
  });
});

describe("workers of a cluster that asks for certificates", () => {
  const strict = (keepPlain: boolean): CeleryWorkersProps["cluster"] =>
    renderCluster({ namespace: "shop", version: "4.3", tls: { secretName: "tls", verifyClients: true, keepPlain } })
      .connection;
  const render = (props: Partial<CeleryWorkersProps>, keepPlain = false): string =>
    JSON.stringify(renderWorkers({ name: "workers", cluster: strict(keepPlain), image: "shop/worker:1", ...props }));

  it("are refused without one, and have it mounted otherwise", () => {
    expect(() => render({})).toThrow(
      /clientCertificate: the cluster asks clients for a certificate.*create secret tls/,
    );
    const text = render({ clientCertificate: "worker-tls" });
    expect(text).toContain('"secret":{"secretName":"worker-tls","defaultMode":288}');
    expect(text).toContain('{"name":"BROKER_CLIENT_CERT","value":"/run/rabbitmq-client/tls.crt"}');
    expect(text).toContain('{"name":"BROKER_CLIENT_KEY","value":"/run/rabbitmq-client/tls.key"}');
    expect(text).toContain('{"name":"client","mountPath":"/run/rabbitmq-client","readOnly":true}');
  });

  it("need none where they use the plain port", () => {
    expect(render({}, true)).not.toContain("rabbitmq-client");
  });

  it("are told of a name that no Secret has", () => {
    expect(() => render({ clientCertificate: "My Secret" })).toThrow(
      /clientCertificate: "My Secret" is no name of an object/,
    );
  });
});
