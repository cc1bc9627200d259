import { App, Chart, Testing } from "cdk8s";
import { describe, expect, it, vi } from "vitest";
import { CeleryWorkers, OperatorRabbitCluster, RabbitCluster, RefusedPropsError } from "../../src/index.ts";

const write = (): string => {
  const app = new App();
  new RabbitCluster(new Chart(app, "chart"), "rabbit", {
    namespace: "messaging",
    version: "4.3",
    tls: { issuer: { name: "ca" } },
  });
  return app.synthYaml();
};

describe("RabbitCluster", () => {
  it("puts its objects into the chart, each under its own name", () => {
    const chart = Testing.chart();
    new RabbitCluster(chart, "rabbit", { namespace: "messaging", version: "4.3" });
    const objects = Testing.synth(chart) as { kind: string; metadata: { name: string } }[];
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toContain("StatefulSet rabbitmq");
  });

  it("writes the same bytes for the same props", () => {
    expect(write()).toBe(write());
  });

  it("writes at synthesis what the command writes, once for each cluster", () => {
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    try {
      const app = new App();
      const chart = new Chart(app, "chart");
      new RabbitCluster(chart, "rabbit", { namespace: "messaging", version: "4.3", replicas: 2 });
      new OperatorRabbitCluster(chart, "other", { name: "other", namespace: "messaging", version: "4.3" });
      expect(written).not.toHaveBeenCalled();
      app.synthYaml();
      app.synthYaml();
      const texts = written.mock.calls.map(([text]) => String(text));
      expect(texts).toHaveLength(2);
      expect(texts[0]).toMatch(
        /^chart\/rabbit:\nwarning: replicas: .*[\s\S]*kubectl create namespace messaging\n.*create secret generic rabbitmq-erlang-cookie/,
      );
      expect(texts[1]).toMatch(/^chart\/other:\nwarning: storage: /);
    } finally {
      written.mockRestore();
    }
  });

  it("says all that is wrong with a whole app when it is synthesized", () => {
    const app = new App();
    const chart = new Chart(app, "chart");
    new RabbitCluster(chart, "one", { namespace: "A", version: "4.3", replicas: -1 });
    new RabbitCluster(chart, "two", { preset: "seed", version: "4.0" });
    expect(() => app.synthYaml()).toThrow(/chart\/one.*namespace[\s\S]*chart\/one.*replicas[\s\S]*chart\/two.*version/);
  });

  it("tells applications how to reach it, by the names of Secrets", () => {
    const cluster = new RabbitCluster(Testing.chart(), "rabbit", {
      namespace: "messaging",
      version: "4.3",
      vhosts: [{ name: "shop" }],
      tls: { secretName: "rabbit-tls" },
    });
    expect(cluster.connection).toEqual({
      host: "rabbitmq.messaging.svc",
      port: 5671,
      scheme: "amqps",
      vhost: "shop",
      username: { name: "rabbitmq-default-user", key: "username" },
      password: { name: "rabbitmq-default-user", key: "password" },
      uri: { name: "rabbitmq-default-user", key: "connection_string" },
      ca: { name: "rabbit-tls", key: "ca.crt" },
      verifiesClients: false,
      managementUrl: "https://rabbitmq.messaging.svc:15671",
      namespace: "messaging",
      podLabels: { "app.kubernetes.io/name": "rabbitmq", "app.kubernetes.io/instance": "rabbitmq" },
    });
    expect(cluster.secretCommands.join("\n")).toContain(
      "create secret generic rabbitmq-default-user --type=servicebinding.io/rabbitmq",
    );
  });

  it("has no connection when it was refused", () => {
    const cluster = new RabbitCluster(Testing.chart(), "rabbit", { namespace: "messaging", version: "9" });
    expect(() => cluster.connection).toThrow(RefusedPropsError);
  });
});

describe("CeleryWorkers", () => {
  it("stands beside a cluster in one chart", () => {
    const chart = Testing.chart();
    const rabbit = new RabbitCluster(chart, "rabbit", { namespace: "messaging", version: "4.3", celery: true });
    new CeleryWorkers(chart, "workers", { name: "workers", cluster: rabbit.connection, image: "shop/worker:1" });
    expect(Testing.synth(chart)).toEqual(expect.arrayContaining([expect.objectContaining({ kind: "Deployment" })]));
  });

  it("says what is wrong when the app is synthesized", () => {
    const chart = Testing.chart();
    const rabbit = new RabbitCluster(chart, "rabbit", { preset: "seed" });
    new CeleryWorkers(chart, "workers", { name: "workers", cluster: rabbit.connection, image: "shop/worker:1" });
    expect(() => Testing.synth(chart)).toThrow(
      /brokerUrl.*kubectl -n rabbitmq-golang create secret generic celery-broker/,
    );
  });
});

describe("OperatorRabbitCluster", () => {
  it("takes the same props", () => {
    const chart = Testing.chart();
    new OperatorRabbitCluster(chart, "rabbit", { namespace: "messaging", version: "4.3" });
    expect((Testing.synth(chart) as { kind: string }[]).map(({ kind }) => kind)).toEqual(["RabbitmqCluster", "Vhost"]);
  });
});
