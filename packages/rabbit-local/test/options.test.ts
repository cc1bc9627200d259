import { expect, test } from "vitest";
import { type RabbitOptions, resolveOptions } from "../src/options.ts";

test("everything has a default", () => {
  expect(resolveOptions({}, {})).toMatchObject({
    plugins: [],
    conf: {},
    nodes: 1,
    port: null,
    server: "auto",
    startTimeoutMs: 120_000,
  });
});

test("the environment chooses the server where the call does not", () => {
  const env = { RABBIT_LOCAL_SERVER: "/opt/rabbitmq/sbin/rabbitmq-server" };
  expect(resolveOptions({}, env).server).toBe("/opt/rabbitmq/sbin/rabbitmq-server");
  expect(resolveOptions({ server: "packages" }, env).server).toBe("packages");
  expect(resolveOptions({}, { RABBIT_LOCAL_SERVER: "" }).server).toBe("auto");
});

test("settings become text and plugins are enabled once", () => {
  const { conf, plugins } = resolveOptions(
    { conf: { "log.console": false, channel_max: 64 }, plugins: ["rabbitmq_top", "rabbitmq_top"] },
    {},
  );
  expect(conf).toEqual({ "log.console": "false", channel_max: "64" });
  expect(plugins).toEqual(["rabbitmq_top"]);
});

test.for<[wrong: RabbitOptions, said: string]>([
  [{ nodes: 0 }, "nodes"],
  [{ nodes: 2.5 }, "nodes"],
  [{ nodes: 10 }, "nodes"],
  [{ port: 0 }, "port"],
  [{ port: 65_535, nodes: 3 }, "port"],
  [{ server: "podman" }, "server"],
  [{ server: "sbin/rabbitmq-server" }, "server"],
  [{ startTimeout: 0 }, "startTimeout"],
  [{ startTimeout: Number.NaN }, "startTimeout"],
  [{ plugins: ["rabbitmq_top]. halt("] }, "plugins"],
  [{ conf: { "a = b\nc": 1 } }, "conf"],
  [{ conf: { "log.console": "true\nlisteners.tcp = none" } }, "conf"],
])("%j is refused by name", ([wrong, said]) => {
  expect(() => resolveOptions(wrong, {})).toThrow(
    expect.objectContaining({
      code: "option-invalid",
      message: expect.stringContaining(`Invalid option of RabbitMQ: ${said}`),
    }),
  );
});
