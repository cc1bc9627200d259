import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { FilesLauncher } from "../../src/node/files-launcher.ts";
import { planNodes } from "../../src/node/plan.ts";
import { Watchdog } from "../../src/system/watchdog.ts";

test("a node reads no file and no variable of the machine's own RabbitMQ", async () => {
  vi.stubEnv("RABBITMQ_NODENAME", "own@machine");
  vi.stubEnv("RABBITMQ_PLUGINS_DIR", "/own");
  vi.stubEnv("ERL_FLAGS", "-name own");
  onTestFinished(() => void vi.unstubAllEnvs());
  const folder = await mkdtemp(join(tmpdir(), "rabbit-local-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));

  const variables = await variablesOfNode(folder);
  expect(variables["RABBITMQ_NODENAME"]).toBe("rabbit1@localhost");
  expect(variables).not.toHaveProperty("RABBITMQ_PLUGINS_DIR");
  expect(variables).not.toHaveProperty("ERL_FLAGS");
  // Each of these has a file or folder in /etc/rabbitmq or the user's home as its default.
  for (const name of ["CONFIG_FILE", "CONFIG_FILES", "ADVANCED_CONFIG_FILE", "CONF_ENV_FILE", "ENABLED_PLUGINS_FILE"]) {
    expect({ name, path: variables[`RABBITMQ_${name}`] }).toEqual({ name, path: expect.stringContaining(folder) });
  }
  expect(variables["HOME"]).toBe(folder);
});

/** Launches a "server" that writes down what it is given. */
async function variablesOfNode(folder: string): Promise<Record<string, string>> {
  const server = join(folder, "rabbitmq-server");
  await writeFile(server, '#!/bin/sh\nenv > "$RABBITMQ_BASE/variables"\n', { mode: 0o755 });
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin/epmd"), "#!/bin/sh\nexec sleep 600\n", { mode: 0o755 });
  const watchdog = new Watchdog(folder);
  onTestFinished(() => watchdog.finish());
  const files = { server, erlang: join(folder, "bin"), libraries: [] };
  const launcher = new FilesLauncher(files, folder, await listen(), watchdog);

  const [plan] = planNodes({ place: "machine", folder, nodes: 1, port: null, plugins: [], conf: {} }, [1, 2]);
  await launcher.prepare([plan!]);
  const log = await open(join(folder, "log"), "w");
  await once(launcher.launch(plan!, log.fd), "exit");
  await log.close();
  const lines = (await readFile(join(plan!.folder, "variables"), "utf8")).trimEnd().split("\n");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** Stands in for `epmd`, whose port must answer. */
async function listen(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
