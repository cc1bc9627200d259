import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { RabbitLab } from "../../src/rabbit/rabbit-lab.ts";

const image = "rabbitmq:3.10.8";
const volumeMounts = [
  { name: "scratch", mountPath: "/scratch" },
  { name: "data", mountPath: "/data" },
];
/** Each run of it leaves a line. */
const note = { name: "note", image, command: ["sh", "-c", "echo ran >>/scratch/runs; echo ran >>/data/runs"] };

/** A web server that answers with the name of its pod. */
const server = `use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die;
while (my $client = $server->accept) { <$client>; print $client "HTTP/1.0 200 OK\\r\\n\\r\\n$ENV{HOSTNAME}"; close $client; }`;

function manifests(): string {
  const selector = { app: "web" };
  const service = (name: string, spec: object): object => ({
    kind: "Service",
    metadata: { name },
    spec: { selector, ports: [{ port: 80, targetPort: "http" }], ...spec },
  });
  const set = {
    kind: "StatefulSet",
    metadata: { name: "web" },
    spec: {
      serviceName: "peers",
      replicas: 2,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: selector },
      volumeClaimTemplates: [{ metadata: { name: "data" } }],
      template: {
        metadata: { labels: selector },
        spec: {
          terminationGracePeriodSeconds: 1,
          volumes: [{ name: "scratch", emptyDir: {} }],
          initContainers: [{ ...note, volumeMounts }],
          containers: [
            {
              name: "main",
              image,
              command: ["perl", "-e", server],
              volumeMounts,
              ports: [{ name: "http", containerPort: 8080 }],
              readinessProbe: { httpGet: { port: "http" }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  };
  const headless = service("peers", { clusterIP: "None", publishNotReadyAddresses: true });
  return [headless, service("web", {}), set].map((each) => `---\n${stringify(each)}`).join("");
}

describe("pods of the lab, where DNS keeps names for 30 s", () => {
  const volumes = mkdtempSync(join(tmpdir(), "lab-volumes-"));
  const start = (): Promise<RabbitLab> => RabbitLab.start("shop", manifests(), { dnsCacheSeconds: 30, volumes });
  const count = async (pod: string, file: string): Promise<number> =>
    (await lab.exec(pod, "cat", file)).trim().split("\n").length;
  const peer = (name: string): Promise<string> =>
    lab.exec("web-0", "getent", "ahostsv4", `${name}.peers.shop.svc.cluster.local`);
  const addressOf = async (pod: string): Promise<string> =>
    (await lab.pods()).find(({ name }) => name === pod)?.ip ?? "";
  let lab: RabbitLab;

  beforeAll(async () => {
    lab = await start();
    await lab.ready(60);
  });
  afterAll(async () => {
    await lab?.stop();
    rmSync(volumes, { recursive: true, force: true });
  });

  it("are found by their old address for a while after they were replaced", async () => {
    const before = await addressOf("web-1");
    expect(await peer("web-1")).toContain(before);
    await lab.delete("web-1");
    await lab.ready(60);
    const after = await addressOf("web-1");
    expect(after).not.toBe(before);
    expect(await peer("web-1")).toContain(before);
    await expect.poll(() => peer("web-1"), { timeout: 60_000, interval: 1000 }).toContain(after);
  });

  it("begin with an empty folder and their old volume when they are replaced, and keep both at a reboot", async () => {
    expect([await count("web-1", "/scratch/runs"), await count("web-1", "/data/runs")]).toEqual([1, 2]);
    const before = await addressOf("web-1");
    await lab.reboot("web-1", 1);
    await lab.ready(60);
    expect([await count("web-1", "/scratch/runs"), await count("web-1", "/data/runs")]).toEqual([2, 3]);
    expect(await addressOf("web-1")).not.toBe(before);
  });

  it("are all reached by their Service, and those that are ready alone", async () => {
    const program = 'fetch("http://web.shop.svc.cluster.local").then((answer) => answer.text()).then(console.log)';
    const ask = async (): Promise<string> => (await lab.beside("web-0", process.execPath, "-e", program)).trim();
    await expect.poll(ask, { timeout: 60_000 }).toBe("web-1");
    await expect.poll(ask, { timeout: 60_000 }).toBe("web-0");
    await lab.scale("web", 1);
    await expect.poll(async () => (await lab.pods()).length, { timeout: 60_000 }).toBe(1);
    expect([await ask(), await ask(), await ask(), await ask()]).toEqual(["web-0", "web-0", "web-0", "web-0"]);
  });

  it("find their volumes again in another lab", async () => {
    await lab.stop();
    lab = await start();
    await lab.ready(60);
    expect([await count("web-1", "/scratch/runs"), await count("web-1", "/data/runs")]).toEqual([1, 4]);
  });

  it("run again when their container is killed", async () => {
    await lab.kill("web-0", "main");
    await expect
      .poll(async () => (await lab.pods()).map(({ restarts }) => restarts), { timeout: 60_000 })
      .toEqual([1, 0]);
    await lab.ready(60);
  });
});
