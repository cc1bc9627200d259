import { renderCluster } from "@leveret/rabbit-k8s";
import { Yaml } from "cdk8s";
import { expect } from "vitest";
import { Lab, type LabVersion } from "../../../packages/rabbit-k8s/test/podlab/lab.ts";
import { secretsYaml } from "../../../packages/rabbit-k8s/test/podlab/secrets.ts";

const namespace = "example";
const secrets = secretsYaml(namespace, {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": { username: "admin", password: "secret" },
});
const load = new URL("load.ts", import.meta.url).pathname;

/** Three nodes whose queues are quorum queues on every version. */
export async function startCluster(version: LabVersion): Promise<Lab> {
  const { manifests } = renderCluster({
    namespace,
    version,
    celery: { python: false },
    vhosts: [{ name: "example" }],
    resources: { memory: "1Gi", cpu: "100m" },
  });
  const lab = await Lab.start(version, namespace, Yaml.stringify(...manifests) + secrets);
  await lab.ready(240);
  return lab;
}

/** What became of the tasks. */
export interface Outcome {
  readonly sent: number;
  readonly ran: number;
  /** More than `ran` where a task ran again, since the node that knew of its end was lost. */
  readonly runs: number;
}

interface Queue {
  readonly leader?: string;
  readonly messages?: number;
}

/** Has a client send tasks and a worker run them, and meanwhile deletes the pod of the queue's leader, so many times. */
export async function runWhilePodsDie(lab: Lab, tasks: number, deaths: number): Promise<Outcome> {
  const queue = async (): Promise<Queue> => {
    const { body } = await lab.management(host, "admin:secret", "GET", "queues/example/celery");
    return body as Queue;
  };
  const leaderOf = ({ leader }: Queue): string | undefined => /rabbit@(rabbitmq-\d)/.exec(leader ?? "")?.[1];
  // The load runs in the network of a pod, which must therefore live: not the one that leads the queue.
  let host = "rabbitmq-0";
  await lab.management(host, "admin:secret", "PUT", "queues/example/celery", { durable: true });
  await expect.poll(async () => leaderOf(await queue())).toBeDefined();
  if (leaderOf(await queue()) === host) host = "rabbitmq-1";
  const status = (await lab.ctl("status")).trim().split("\n");
  const brokers = status.map((line) => `amqp://admin:secret@${line.split("\t")[1]}:5672/example`);
  const node = [process.execPath, "--conditions=@leveret/source"];
  const running = lab.ctl("net", host, "--", ...node, load, String(tasks), ...brokers);
  for (let death = 0; death < deaths; death += 1) {
    await expect
      .poll(async () => (await queue().catch((): Queue => ({}))).messages, { timeout: 60_000, interval: 200 })
      .toBeGreaterThan(20);
    const leader = leaderOf(await queue());
    const dying = leader === undefined || leader === host ? "rabbitmq-2" : leader;
    console.log(`${leader} leads the queue, ${dying} dies`);
    await lab.ctl("delete", dying);
    await lab.ready(240);
  }
  return JSON.parse((await running).trim().split("\n").at(-1) ?? "") as Outcome;
}
