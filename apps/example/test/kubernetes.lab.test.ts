import { imageOf, type PodStatus, RabbitLab, secretsYaml } from "@leveret/lab";
import { rm } from "node:fs/promises";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Chart, Testing, Yaml } from "cdk8s";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deploy } from "../src/deploy.ts";
import { runWhilePodsDie } from "./dying-pods.ts";
import { makeImage } from "./image.ts";

const namespace = "example";
const login = "admin:secret";
const secrets = secretsYaml(namespace, {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": {
    username: "admin",
    password: "secret",
    connection_string: `amqp://${login}@rabbitmq.${namespace}.svc:5672/example`,
  },
});

/** The manifests that `pnpm --filter example synth` writes. */
function manifests(): string {
  const chart = new Chart(new App(), "example");
  deploy(chart, { namespace, image: "leveret-example:1" });
  return Yaml.stringify(...(Testing.synth(chart) as unknown[]));
}

describe("the example's own manifests, with the image of its Dockerfile", () => {
  const folder = mkdtempSync(join(tmpdir(), "example-image-"));
  let lab: RabbitLab;
  const worker = async (): Promise<PodStatus> => {
    const pod = (await lab.pods()).find(({ name }) => name.startsWith("worker-"));
    if (pod === undefined) throw new Error("there is no worker");
    return pod;
  };

  beforeAll(async () => {
    await makeImage(folder, imageOf("3.10.8"));
    lab = await RabbitLab.start(namespace, manifests() + secrets, {
      images: { "leveret-example:": join(folder, "root") },
    });
    await lab.ready(240);
  });
  afterAll(async () => {
    await lab?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("serve the example's client", async () => {
    const { name } = await worker();
    // The client's Job in all but the kind: its image, its user, its variables.
    const told = await lab.exec(name, "start", "client");
    expect(told).toMatch(/SUCCESS +tasks\.heavy.*\n[\s\S]*FAILURE +tasks\.fail.*ValueError/);
  });

  it("lose no task when the broker of their queue's leader is killed", async () => {
    const { name } = await worker();
    const outcome = await runWhilePodsDie(lab, login, name, 150, [(pod) => lab.kill(pod)]);
    console.log(JSON.stringify(outcome));
    expect(outcome).toMatchObject({ failures: {}, lost: 0 });
    expect(outcome.sent).toBeGreaterThanOrEqual(150);
  });

  it("take a worker out of readiness while it has no broker, and do not restart it", async () => {
    const before = await worker();
    const brokers = (await lab.pods()).filter(({ name }) => name.startsWith("rabbitmq-"));
    // Those of the pods, and those that the lab gives to Services.
    const addresses = [...brokers.map(({ ip }) => `${ip}/32`), "192.0.2.192/26"];
    const route = async (change: "add" | "del"): Promise<void> => {
      for (const address of addresses) await lab.beside(before.name, "ip", "route", change, "unreachable", address);
    };
    const isReady = async (): Promise<boolean> => (await worker()).isReady;
    const ask = (path: string): Promise<{ status: number }> => lab.page(before.name, 8080, path);
    await expect.poll(isReady, { timeout: 30_000 }).toBe(true);
    await route("add");
    await Promise.all(brokers.map(({ name }) => lab.kill(name)));
    await expect.poll(isReady, { timeout: 60_000, interval: 500 }).toBe(false);
    expect((await ask("/readyz")).status).toBe(503);
    expect((await ask("/healthz")).status).toBe(200);
    await route("del");
    await lab.ready(240);
    expect((await ask("/readyz")).status).toBe(200);
    expect(await worker()).toMatchObject({ name: before.name, restarts: before.restarts });
  });
});
