import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type RabbitServer, startRabbit } from "../src/index.ts";
import { answers, leftovers, processesOf, tracesOf } from "./support/leftovers.ts";
import { drain, fill } from "./support/traffic.ts";

vi.setConfig({ testTimeout: 180_000 });

interface Overview {
  readonly listeners: readonly { readonly protocol: string; readonly port: number }[];
}

async function listenersOf(rabbit: RabbitServer): Promise<Readonly<Record<string, number>>> {
  const { username, password, origin } = new URL(rabbit.managementUrl ?? "");
  const headers = { authorization: `Basic ${btoa(`${username}:${password}`)}` };
  const { listeners } = (await (await fetch(`${origin}/api/overview`, { headers })).json()) as Overview;
  return Object.fromEntries(listeners.map(({ protocol, port }) => [protocol, port]));
}

describe("a node", () => {
  let rabbit: RabbitServer;

  beforeAll(async () => {
    rabbit = await startRabbit({ plugins: ["rabbitmq_management", "rabbitmq_stream"], conf: { channel_max: 7 } });
    return () => rabbit.stop();
  });

  test("takes and gives messages", async () => {
    await fill(rabbit.url, "orders", ["one", "two"]);
    expect(await drain(rabbit.url, "orders")).toEqual(["one", "two"]);
  });

  test("tells its version", () => {
    expect(rabbit.version).toMatch(/^\d+\.\d+\.\d+/);
  });

  test("has the plugins and settings asked for, at addresses that only this machine reaches", async () => {
    const [node] = rabbit.nodes;
    const listeners = await listenersOf(rabbit);
    expect(Object.keys(listeners)).toEqual(expect.arrayContaining(["amqp", "clustering", "http", "stream"]));
    expect(listeners["stream"]).toBe(node!.pluginPorts["rabbitmq_stream"]);
    for (const [protocol, port] of Object.entries(listeners)) {
      expect({ protocol, loopback: await answers("127.0.0.1", port) }).toEqual({ protocol, loopback: true });
      // Reached by whatever listens on every interface, as other machines would.
      expect({ protocol, elsewhere: await answers("127.0.0.2", port) }).toEqual({ protocol, elsewhere: false });
    }
    expect(await rabbit.ctl("eval", "application:get_env(rabbit, channel_max).")).toContain("{ok,7}");
  });

  test("says what rabbitmqctl had against a command", async () => {
    await expect(rabbit.ctl("delete_vhost", "nowhere")).rejects.toThrow(
      expect.objectContaining({
        code: "command-failed",
        message: expect.stringContaining("rabbitmqctl failed: delete_vhost on rabbit1@localhost"),
      }),
    );
  });

  test("keeps its messages over a crash and a restart, at the same address", async () => {
    const [node] = rabbit.nodes;
    // A clean stop first: what RabbitMQ 3.10 has declared a moment before it is killed, it may forget.
    await fill(rabbit.url, "kept", ["written before the restart"]);
    await node!.stop();
    await node!.untilDown();
    await expect(rabbit.ctl("status")).rejects.toThrow(expect.objectContaining({ code: "stopped" }));
    await Promise.all([node!.start(), node!.start()]);
    await fill(rabbit.url, "kept", ["written before the crash"]);
    await node!.kill();
    expect(node!.running).toBe(false);
    await node!.start();
    expect(await drain(rabbit.url, "kept")).toEqual(["written before the restart", "written before the crash"]);
  });
});

describe("what is stopped", () => {
  test("leaves no process, no folder and no open port", async () => {
    const rabbit = await startRabbit();
    const traces = tracesOf(rabbit);
    expect((await processesOf(traces.folder)).length).toBeGreaterThan(1);
    await Promise.all([rabbit.stop(), rabbit.stop()]);
    await rabbit.stop();
    expect(await leftovers(traces)).toEqual([]);
    const [node] = rabbit.nodes;
    expect(node!.running).toBe(false);
    await expect(node!.start()).rejects.toThrow(expect.objectContaining({ code: "stopped" }));
  });
});

describe("what cannot start", () => {
  test.for([
    ["a wrong setting", { conf: { "bogus.key": 1 } }, "start-failed", "bogus.key"],
    [
      "a plugin that is not there",
      { plugins: ["rabbitmq_nonsense"] },
      "option-invalid",
      "has no such plugin: rabbitmq_nonsense",
    ],
    ["too little time", { startTimeout: "1ms" }, "start-failed", "was not up within 0.001 s"],
  ] as const)("%s is named", async ([, options, code, said]) => {
    await expect(startRabbit(options)).rejects.toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) }),
    );
  });

  test("a port that was asked for and is taken is named", async ({ onTestFinished }) => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await expect(startRabbit({ port })).rejects.toThrow(
      expect.objectContaining({
        code: "start-failed",
        message: expect.stringContaining(`The port is in use: ${port} `),
      }),
    );
  });
});
