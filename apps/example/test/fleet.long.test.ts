import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { labFolder, RabbitLab, secretsYaml } from "@leveret/lab";
import { renderCluster } from "@leveret/rabbit-k8s";
import { Yaml } from "cdk8s";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FleetReport, runFleet } from "./run-fleet.ts";

const run = promisify(execFile);
const namespace = "example";
const version = "4.3.6";
const login = "admin:secret";
const broker = `amqp://${login}@rabbitmq.${namespace}.svc.cluster.local:5672/example`;
const command = new URL("../../../packages/rabbit-k8s/src/bin.ts", import.meta.url).pathname;
const secrets = secretsYaml(namespace, {
  "rabbitmq-erlang-cookie": { ".erlang.cookie": "0123456789abcdefghijklmnop" },
  "rabbitmq-default-user": { username: "admin", password: "secret" },
});

/** No send failed, and every task that was sent ran. */
const whole = { failures: {}, lost: 0 };

/** What may differ between clusters. */
interface Variant {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly changed?: string;
}

function yamlOf({ replicas = 3, minReadySeconds, changed = "" }: Variant): string {
  const { manifests } = renderCluster({
    namespace,
    version,
    replicas,
    celery: { python: false },
    vhosts: [{ name: "example" }],
    queues: [{ name: "load", vhost: "example" }],
    resources: { memory: "1Gi", cpu: "100m" },
    podAnnotations: { changed },
    ...(minReadySeconds !== undefined && { lifecycle: { minReadySeconds } }),
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
  return Yaml.stringify(...manifests, bystander) + secrets;
}

describe.skipIf(labFolder === null).each([
  ["as rendered", {}, 2000],
  // Here it is a race, which a quiet machine may win: what is measured is printed.
  ["without minReadySeconds", { minReadySeconds: 0 }, Number.POSITIVE_INFINITY],
] as const)("a fleet of workers on a cluster %s, where DNS keeps names for 30 s", (title, variant, bound) => {
  let lab: RabbitLab;
  let host = "";
  let changed = "";
  const pods = ["rabbitmq-0", "rabbitmq-1", "rabbitmq-2"];

  async function scene(name: string, tasks: number, befall: () => Promise<void>): Promise<FleetReport> {
    const started = performance.now();
    let seconds = 0;
    const report = await runFleet(lab, host, broker, tasks, async () => {
      await befall();
      seconds = Math.round((performance.now() - started) / 1000);
    });
    console.log(`${name}, ${title}: ${seconds} s, ${JSON.stringify(report)}`);
    return report;
  }

  async function leader(): Promise<string> {
    const { body } = await lab.management("rabbitmq-0", login, "GET", "queues/example/load");
    return /rabbit@(rabbitmq-\d)/.exec((body as { leader: string }).leader)?.[1] ?? "";
  }

  beforeAll(async () => {
    lab = await RabbitLab.start(namespace, yamlOf(variant), { dnsCacheSeconds: 30, lingerSeconds: 1.5 });
    await lab.ready(400);
    host = (await lab.pods()).find(({ name }) => name.startsWith("bystander"))?.name ?? "";
  });
  afterAll(() => lab?.stop());

  it("loses nothing in a rolling restart", async () => {
    const report = await scene("rolling restart", 3000, async () => {
      changed = "yes";
      await lab.apply(yamlOf({ ...variant, changed }));
      await lab.ready(600);
    });
    expect(report).toMatchObject(whole);
    expect(report.confirmGapMs).toBeLessThanOrEqual(bound);
  });

  it.runIf(title === "as rendered")("loses nothing when its nodes are drained one after the other", async () => {
    const report = await scene("drain of each node", 300, async () => {
      for (const pod of pods) {
        await lab.delete(pod);
        await lab.ready(240);
      }
    });
    expect(report).toMatchObject(whole);
  });

  it.runIf(title === "as rendered")("loses nothing when the node of the queue's leader loses its power", async () => {
    const report = await scene("loss of the leader's node for 60 s", 300, async () => {
      await lab.reboot(await leader(), 60);
      await lab.ready(240);
    });
    expect(report).toMatchObject(whole);
  });

  it.runIf(title === "as rendered")(
    "loses nothing when the cluster grows to five nodes and shrinks again",
    async () => {
      const grown = await scene("3 to 5 nodes", 300, async () => {
        await lab.apply(yamlOf({ replicas: 5, changed }));
        await lab.ready(400);
      });
      const words = ["runbook", "scale-down", "--namespace", namespace, "--from", "5", "--to", "3"];
      const { stdout } = await run(process.execPath, ["--conditions=@leveret/source", command, ...words]);
      const shrunk = await scene("5 to 3 nodes, by the runbook", 300, async () => {
        expect(await lab.script(stdout)).toMatchObject({ code: 0 });
      });
      expect([grown, shrunk]).toMatchObject([whole, whole]);
    },
  );
});
