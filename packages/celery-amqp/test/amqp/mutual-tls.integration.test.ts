import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type RabbitServer, startRabbit } from "@leveret/rabbit-local";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { AmqpOptions } from "../../src/ports/connection.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Transport } from "../../src/ports/transport.ts";

const folder = join(import.meta.dirname, "../support/fixtures/tls");
const read = (name: string) => readFileSync(join(folder, name));
const ca = read("ca.pem");

// A listener for TLS is the whole broker's, so it is one of their own.
let rabbit: RabbitServer;
let port = 0;
beforeAll(async () => {
  port = await freePort();
  rabbit = await startRabbit({
    plugins: ["rabbitmq_auth_mechanism_ssl"],
    conf: {
      "listeners.ssl.1": `127.0.0.1:${port}`,
      "ssl_options.cacertfile": join(folder, "ca.pem"),
      "ssl_options.certfile": join(folder, "server.pem"),
      "ssl_options.keyfile": join(folder, "server.key"),
      "ssl_options.verify": "verify_peer",
      "ssl_options.fail_if_no_peer_cert": true,
      ssl_cert_login_from: "common_name",
      "auth_mechanisms.1": "PLAIN",
      "auth_mechanisms.2": "EXTERNAL",
    },
  });
});
afterAll(() => rabbit.stop());

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port: free } = probe.address() as AddressInfo;
  probe.close();
  return free;
}

function create(options: Omit<AmqpOptions, "url">, login = ""): Transport {
  const transport = createAmqpTransport({ url: `amqps://${login}127.0.0.1:${port}`, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

const certificate = { ca, cert: read("client.pem"), key: read("client.key") };

test("a client with a certificate is the user that it names, without a password", async () => {
  const transport = create({ tls: certificate, auth: "external" }, "nobody:wrong@");
  await transport.connect();
  await expect(transport.inspectQueue("none")).resolves.toBeNull();
  expect(await rabbit.ctl("list_connections", "user", "auth_mechanism")).toMatch(/guest\s+EXTERNAL/);
});

test("with a certificate a password still counts, where it is asked for", async () => {
  await expect(create({ tls: certificate }).connect()).resolves.toBeUndefined();
  await expect(create({ tls: certificate }, "guest:hunter2@").connect()).rejects.toMatchObject({
    code: "access-refused",
  });
});

test("who shows none is refused", async () => {
  await expect(create({ tls: { ca }, auth: "external" }).connect()).rejects.toMatchObject({
    code: "broker-unreachable",
  });
});
