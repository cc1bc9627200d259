import { labFolder, labVersions, RabbitLab, secretsYaml } from "@leveret/lab";
import { renderCluster } from "@leveret/rabbit-k8s";
import { Yaml } from "cdk8s";
import { describe, expect, it, onTestFinished } from "vitest";
import { runWhilePodsDie } from "./dying-pods.ts";

const namespace = "example";
const secrets = secretsYaml(namespace, {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": { username: "admin", password: "secret" },
});

describe.skipIf(labFolder === null).each(labVersions)("client and worker on a rendered cluster of %s", (version) => {
  it("lose no task while one pod after the other dies", async () => {
    const { manifests } = renderCluster({
      namespace,
      version,
      celery: { python: false },
      vhosts: [{ name: "example" }],
      resources: { memory: "1Gi", cpu: "100m" },
    });
    // Something that lives in the brokers' network, whichever of them dies.
    const bystander = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "bystander", namespace },
      spec: {
        selector: { matchLabels: { app: "bystander" } },
        template: {
          metadata: { labels: { app: "bystander" } },
          spec: { containers: [{ name: "sleep", image: `rabbitmq:${version}`, command: ["sleep", "infinity"] }] },
        },
      },
    };
    const lab = await RabbitLab.start(namespace, Yaml.stringify(...manifests, bystander) + secrets);
    onTestFinished(() => lab.stop());
    await lab.ready(240);
    const host = (await lab.pods()).find(({ name }) => name.startsWith("bystander"))?.name ?? "";
    const gently = (pod: string): Promise<void> => lab.delete(pod);
    const hard = (pod: string): Promise<void> => lab.kill(pod);
    const outcome = await runWhilePodsDie(lab, "admin:secret", host, 1500, [gently, hard, gently, hard]);
    console.log(`RabbitMQ ${version}: ${JSON.stringify(outcome)}`);
    expect(outcome).toMatchObject({ failures: {}, lost: 0 });
    expect(outcome.sent).toBeGreaterThanOrEqual(1500);
  });
});
