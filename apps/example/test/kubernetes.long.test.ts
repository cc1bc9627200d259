import { renderCluster } from "@leveret/rabbit-k8s";
import { describe, expect, it, onTestFinished } from "vitest";
import { Yaml } from "cdk8s";
import { Lab, labFolder } from "../../../packages/rabbit-k8s/test/podlab/lab.ts";
import { secretsYaml } from "../../../packages/rabbit-k8s/test/podlab/secrets.ts";

const namespace = "example";
const cluster = renderCluster({
  namespace,
  version: "4.3.6",
  celery: true,
  vhosts: [{ name: "example" }],
  resources: { memory: "1Gi", cpu: "100m" },
});
const secrets = secretsYaml(namespace, {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": { username: "admin", password: "secret" },
});

const load = new URL("load.ts", import.meta.url).pathname;

describe.skipIf(labFolder === undefined)("client and worker on a rendered cluster", () => {
  it("lose no task while the pod of the queue's leader dies", async () => {
    const lab = await Lab.start("4.3.6", namespace, Yaml.stringify(...cluster.manifests) + secrets);
    onTestFinished(() => lab.stop());
    await lab.ready(300);
    const status = (await lab.ctl("status")).trim().split("\n");
    const brokers = status.map((line) => `amqp://admin:secret@${line.split("\t")[1]}:5672/example`);
    const running = lab.ctl(
      "net",
      "rabbitmq-0",
      "--",
      process.execPath,
      "--conditions=@leveret/source",
      load,
      "150",
      ...brokers,
    );
    const queue = async (): Promise<{ leader?: string; messages?: number }> =>
      (await lab.management("rabbitmq-0", "admin:secret", "GET", "queues/example/celery")).body as {
        leader?: string;
        messages?: number;
      };
    await expect
      .poll(async () => (await queue().catch(() => ({ messages: 0 }))).messages, { timeout: 60_000, interval: 200 })
      .toBeGreaterThan(20);
    const leader = /rabbit@(rabbitmq-\d)/.exec((await queue()).leader ?? "")?.[1] ?? "rabbitmq-1";
    // The load runs in the network of the first pod, which must therefore live.
    await lab.ctl("delete", leader === "rabbitmq-0" ? "rabbitmq-1" : leader);
    const outcome = JSON.parse((await running).trim().split("\n").at(-1) ?? "") as {
      sent: number;
      ran: number;
      runs: number;
    };
    console.log(`leader ${leader}, ${JSON.stringify(outcome)}`);
    expect(outcome).toMatchObject({ sent: 150, ran: 150 });
  });
});
