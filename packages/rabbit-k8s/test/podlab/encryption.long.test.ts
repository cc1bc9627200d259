import { labFolder, labVersions, RabbitLab, secretsYaml } from "@leveret/lab";
import { describe, expect, it, onTestFinished } from "vitest";
import { resolveCluster } from "../../src/cluster/resolve.ts";
import type { ModernProps } from "../../src/cluster/props.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { makeCertificate } from "./certificate.ts";

describe.skipIf(labFolder === null).each(labVersions)("an encrypted cluster on %s", (version) => {
  it("forms and serves no plain port", async () => {
    const props: ModernProps = {
      namespace: "messaging",
      version,
      resources: { memory: "1Gi", cpu: "100m" },
      tls: { secretName: "rabbitmq-tls", interNode: true, verifyClients: true },
    };
    const secrets = secretsYaml("messaging", {
      "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
      "rabbitmq-default-user": { username: "admin", password: "secret" },
      "rabbitmq-tls": makeCertificate(resolveCluster(props).cluster),
    });
    const lab = await RabbitLab.start("messaging", toYaml(renderCluster(props).manifests) + secrets);
    onTestFinished(() => lab.stop());
    await lab.ready(240);
    const status = JSON.parse(await lab.exec("rabbitmq-2", "rabbitmqctl", "cluster_status", "--formatter", "json")) as {
      running_nodes: unknown[];
      listeners: Record<string, { port: number; protocol: string }[]>;
    };
    expect(status.running_nodes).toHaveLength(3);
    const ports = Object.values(status.listeners)[0]?.map(({ port }) => port);
    expect(ports?.toSorted((a, b) => a - b)).toEqual([5671, 15671, 15691, 25672]);
  });
});
