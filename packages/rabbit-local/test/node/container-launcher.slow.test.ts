import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type RabbitServer, startRabbit } from "../../src/index.ts";

// No engine runs where these tests do: Docker's client is a script that notes how it is called.
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rabbit-local-test-"));
  await copyFile(join(import.meta.dirname, "../support/fake-docker.sh"), join(folder, "docker"));
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
  vi.stubEnv("FAKE_DOCKER", folder);
  return async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  };
});

async function calls(): Promise<readonly string[]> {
  return (await readFile(join(folder, "calls"), "utf8")).trimEnd().split("\n");
}

async function start(nodes: number): Promise<RabbitServer> {
  const rabbit = await startRabbit({ server: "docker", nodes, plugins: ["rabbitmq_management"] });
  onTestFinished(() => rabbit.stop());
  return rabbit;
}

test("nodes are containers in a network of their own, and all of it is removed", async () => {
  const rabbit = await start(2);
  expect(rabbit.version).toBe("4.1.2");
  const ports = rabbit.urls.map((url) => new URL(url).port);
  await rabbit.stop();

  const made = await calls();
  const network =
    made
      .find((call) => call.startsWith("network create "))
      ?.split(" ")
      .at(-1) ?? "";
  expect(network).toMatch(/^rabbit-local-[0-9a-f]{8}$/);
  for (const [index, port] of ports.entries()) {
    const host = `rabbit${index + 1}`;
    const created = `create --name ${network}-${index + 1} --hostname ${host} --network ${network} --network-alias ${host} --publish 127.0.0.1:${port}:${port} `;
    expect(made).toContainEqual(expect.stringContaining(created));
    expect(made).toContain(`start --attach ${network}-${index + 1}`);
    expect(made).toContain(`rm --force --volumes ${network}-${index + 1}`);
  }
  expect(made).toContain(`exec ${network}-1 rabbitmqctl --quiet await_online_nodes 2`);
  expect(made.at(-1)).toBe(`network rm ${network}`);
});

test("a node is frozen and goes on by Docker's means", async () => {
  const rabbit = await start(1);
  const [node] = rabbit.nodes;
  await node!.pause();
  await node!.resume();
  const verbs = (await calls()).map((call) => call.split(" ")[0]);
  expect(verbs.slice(-3)).toEqual(["start", "pause", "unpause"]);
});

test("a node is stopped, killed and started again by Docker's means", async () => {
  const rabbit = await start(1);
  const [node] = rabbit.nodes;
  await node!.stop();
  expect(node!.running).toBe(false);
  await node!.start();
  expect(node!.running).toBe(true);
  await node!.kill();
  expect(node!.running).toBe(false);
  const verbs = (await calls()).map((call) => call.split(" ")[0]);
  expect(verbs.slice(-4)).toEqual(["start", "stop", "start", "kill"]);
});

test("rabbitmqctl runs in the container", async () => {
  const rabbit = await start(1);
  expect(await rabbit.ctl("list_queues", "name")).toBe("rabbitmqctl --quiet list_queues name");
});

test("the image is fetched where it is not there, and only then", async () => {
  await start(1);
  await start(1);
  expect((await calls()).filter((call) => call.startsWith("pull"))).toEqual(["pull --quiet rabbitmq:4-management"]);
});

test("an image that cannot be fetched is an error with Docker's reason", async () => {
  vi.stubEnv("FAKE_DOCKER_OFFLINE", "1");
  await expect(start(1)).rejects.toThrow(
    expect.objectContaining({ code: "install-failed", message: expect.stringContaining("no such host") }),
  );
});
