import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import type { AmqpOptions } from "../../src/ports/connection.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";

const read = (name: string) => readFileSync(join(import.meta.dirname, "../support/fixtures/tls", name));
const ca = read("ca.pem");

let proxy: TcpProxy;
beforeAll(async () => {
  proxy = await createTcpProxy(inject("amqpUrl"), { key: read("server.key"), cert: read("server.pem") });
});
afterAll(() => proxy.close());

function create(options: Omit<AmqpOptions, "url">, host = "127.0.0.1") {
  const backoff = { min: "10ms", max: "100ms" } as const;
  const transport = createAmqpTransport({ url: proxy.url.replace("127.0.0.1", host), backoff, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

test.each(["127.0.0.1", "localhost"])("a connection to %s uses TLS with a known authority", async (host) => {
  const transport = create({ tls: { ca } }, host);
  await transport.connect();
  expect(proxy.url).toMatch(/^amqps:/);
  await expect(transport.inspectQueue("none")).resolves.toBeNull();
  const states: string[] = [];
  transport.onState((state) => states.push(state));
  proxy.cut();
  await eventually("it comes back", () => states.includes("connecting") && transport.state === "open");
});

test("an authority that is not known is refused", async () => {
  await expect(create({}).connect()).rejects.toMatchObject({
    code: "broker-unreachable",
    message: expect.stringMatching(/certificate/) as string,
  });
});

test("a certificate for another host is refused", async () => {
  const transport = create({ tls: { ca, servername: "elsewhere.example" } });
  await expect(transport.connect()).rejects.toMatchObject({ code: "broker-unreachable" });
});

test("a login by certificate that the broker does not offer is refused with the reason", async () => {
  const transport = create({ tls: { ca }, auth: "external" });
  await expect(transport.connect()).rejects.toThrow(/EXTERNAL/);
});
