import { describe, expect, it, onTestFinished } from "vitest";
import { renderCluster } from "../../src/constructs/rabbit-cluster.ts";
import { toYaml } from "../../src/command/to-yaml.ts";
import { Lab, labFolder } from "./lab.ts";
import { hostilePassword } from "./secrets.ts";

const yaml = toYaml(
  renderCluster({
    preset: "seed",
    version: "3.10.8",
    secretValues: { erlangCookie: "a cookie * with blanks", adminPassword: hostilePassword },
  }).manifests,
);
const login = `admin:${hostilePassword}`;

describe.skipIf(labFolder === undefined)("the original document's cluster on 3.10.8", () => {
  it("forms of two nodes, mirrors its queues, and keeps their messages when a pod dies", async () => {
    const lab = await Lab.start("3.10.8", "rabbitmq-golang", yaml);
    onTestFinished(() => lab.stop());
    await expect
      .poll(() => lab.exec("rabbitmq-1", "rabbitmqctl", "cluster_status", "--formatter", "json").catch(String), {
        timeout: 400_000,
        interval: 3000,
      })
      .toMatch(/"running_nodes":\["rabbit@rabbitmq-[01][^\]]*,"rabbit@rabbitmq-[01]/);
    const ask = (method: string, path: string, body?: unknown): ReturnType<Lab["management"]> =>
      lab.management("rabbitmq-0", login, method, path, body);
    await expect
      .poll(async () => (await ask("GET", "whoami").catch(() => null))?.status, { timeout: 60_000, interval: 1000 })
      .toBe(200);
    expect((await ask("PUT", "queues/test/tasks", { durable: true })).status).toBe(201);
    for (let count = 0; count < 20; count += 1) {
      await ask("POST", "exchanges/test/amq.default/publish", {
        properties: { delivery_mode: 2 },
        routing_key: "tasks",
        payload: String(count),
        payload_encoding: "string",
      });
    }
    await expect
      .poll(async () => (await ask("GET", "queues/test/tasks")).body, { timeout: 60_000, interval: 1000 })
      .toMatchObject({
        policy: "ha-fed-test",
        synchronised_slave_nodes: [expect.any(String) as unknown],
        messages: 20,
      });
    const master = ((await ask("GET", "queues/test/tasks")).body as { node: string }).node;
    const [dying, other] = master.includes("rabbitmq-0.") ? ["rabbitmq-0", "rabbitmq-1"] : ["rabbitmq-1", "rabbitmq-0"];
    await lab.ctl("delete", dying);
    const queue = await lab.management(other, login, "GET", "queues/test/tasks");
    expect(queue.body).toMatchObject({ messages: 20, node: expect.stringContaining(`${other}.`) as unknown });
  });
});
