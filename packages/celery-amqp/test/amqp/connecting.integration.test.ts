import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import type { AmqpOptions } from "../../src/ports/connection.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";

const BACKOFF = { min: "20ms", max: "100ms" } as const;

function create(options: AmqpOptions): { transport: Transport; logger: RecordingLogger } {
  const logger = new RecordingLogger();
  const transport = createAmqpTransport({ backoff: BACKOFF, ...options }, { logger });
  onTestFinished(() => transport.close());
  return { transport, logger };
}

/** The test broker's URL with some parts replaced. */
function brokerUrl(change: (url: URL) => void): string {
  const url = new URL(inject("amqpUrl"));
  change(url);
  return url.href;
}

describe("what the broker refuses for good fails the first connect", () => {
  const wrongPassword = brokerUrl((url) => (url.password = "hunter2"));

  test.each([false, true])("a wrong password, whether it may retry (%s) or not", async (retry) => {
    const { transport, logger } = create({ url: wrongPassword });
    const error: unknown = await transport.connect({ retry }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "CeleryError", code: "access-refused" });
    expect(transport.state).toBe("idle");
    expect(inspect(error, { depth: 10 }) + logger.text).not.toContain("hunter2");
  });

  test("a vhost that does not exist, by name", async () => {
    const { transport } = create({ url: brokerUrl((url) => (url.pathname = "/no%2Fsuch")) });
    await expect(transport.connect()).rejects.toMatchObject({
      code: "vhost-missing",
      message: expect.stringContaining('"no/such"') as string,
    });
  });
});

describe("where nobody answers", () => {
  test("every address is named, and what was tried can be tried again", async () => {
    const proxy = await createTcpProxy(inject("amqpUrl"));
    onTestFinished(() => proxy.close());
    await proxy.refuse();
    const { transport } = create({ url: [proxy.url, "amqp://guest:hunter2@localhost:1"] });
    const error: unknown = await transport.connect().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "broker-unreachable" });
    const text = inspect(error, { depth: 10 });
    expect(text).toContain(`127.0.0.1:${proxy.port}`);
    expect(text).toContain("localhost:1/");
    expect(text).not.toContain("hunter2");
    await proxy.resume();
    await expect(transport.connect({ retry: true })).resolves.toBeUndefined();
  });

  test("with `retry` the first connect waits for the broker", async () => {
    const proxy = await createTcpProxy(inject("amqpUrl"));
    onTestFinished(() => proxy.close());
    await proxy.refuse();
    const { transport, logger } = create({ url: proxy.url });
    const connected = transport.connect({ retry: true });
    await eventually(
      "some attempts",
      () => logger.lines.filter((line) => line.includes("No broker answers")).length > 4,
    );
    await proxy.resume();
    await connected;
    expect(transport.state).toBe("open");
  });

  test("a server that accepts and stays silent is abandoned at the deadline", async () => {
    const silent = createServer();
    const sockets: { readonly closed: boolean }[] = [];
    silent.on("connection", (socket) => sockets.push(socket.on("error", () => {}).resume()));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const { transport } = create({ url: `amqp://127.0.0.1:${port}`, connectTimeout: "150ms" });
    const startedAt = performance.now();
    await expect(transport.connect()).rejects.toThrow("no answer within 150 ms");
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    await eventually("the sockets are closed", () => sockets.length === 2 && sockets.every(({ closed }) => closed));
  });

  test("`close` gives up a connect that hangs", async () => {
    const proxy = await createTcpProxy(inject("amqpUrl"));
    onTestFinished(() => proxy.close());
    proxy.hold();
    const { transport } = create({ url: proxy.url, connectTimeout: "60000ms" });
    const outcome = transport.connect().catch((reason: unknown) => reason);
    await eventually("two attempts hang", () => proxy.connections === 2);
    await transport.close();
    expect(await outcome).toMatchObject({ code: "closed" });
  });

  test("something that is no broker is told from one", async () => {
    const web = createServer((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    web.listen(0, "127.0.0.1");
    await once(web, "listening");
    onTestFinished(() => void web.close());
    const { port } = web.address() as AddressInfo;
    const { transport } = create({ url: `amqp://127.0.0.1:${port}`, connectTimeout: "2000ms" });
    await expect(transport.connect()).rejects.toMatchObject({ code: "broker-unreachable" });
  });
});

describe("several addresses", () => {
  let proxies: readonly TcpProxy[] = [];
  beforeAll(async () => {
    proxies = await Promise.all([0, 1, 2].map(() => createTcpProxy(inject("amqpUrl"))));
  });
  afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())));

  test("the address that answers is found, in any order of attempts", async () => {
    const [first, second] = proxies;
    await Promise.all([first?.refuse(), second?.refuse()]);
    for (let attempt = 0; attempt < 5; attempt++) {
      const { transport } = create({ url: proxies.map(({ url }) => url).join(";") });
      await transport.connect();
      expect(transport.state).toBe("open");
      await transport.close();
    }
    await Promise.all([first?.resume(), second?.resume()]);
  });

  test("a refused login at one is no obstacle where another lets in", async () => {
    const wrong = brokerUrl((url) => (url.password = "hunter2"));
    const { transport } = create({ url: [wrong, inject("amqpUrl")] });
    await expect(transport.connect()).resolves.toBeUndefined();
  });

  test("after a loss the next address is tried", async () => {
    const { transport } = create({ url: proxies.map(({ url }) => url) });
    await transport.connect();
    for (const proxy of proxies.slice(0, 2)) await proxy.refuse();
    await eventually("both connections go by the last way", () => proxies[2]?.connections === 2);
    await eventually("it is open", () => transport.state === "open");
    expect([proxies[0]?.connections, proxies[1]?.connections]).toEqual([0, 0]);
    await Promise.all(proxies.map((proxy) => proxy.resume()));
  });
});

test("after the first connect attempts go on for ever, each with a log line", async () => {
  const proxy = await createTcpProxy(inject("amqpUrl"));
  onTestFinished(() => proxy.close());
  const { transport, logger } = create({ url: proxy.url });
  await transport.connect();
  await proxy.refuse();
  const attempts = () => logger.lines.filter((line) => line.includes("No broker answers")).length;
  await eventually("some attempts", () => attempts() > 8);
  await proxy.resume();
  await eventually("it is open again", () => transport.state === "open");
  expect(logger.text).not.toContain("guest:");
});

test("a close while consumers are being opened waits for none of them", async () => {
  const tenMinutes = "10m";
  for (let round = 0; round < 10; round++) {
    const { transport } = create({ url: inject("amqpUrl"), closeTimeout: tenMinutes });
    await transport.connect();
    const open = (name: string) => {
      const queues = [{ name, durable: false, autoDelete: false, exclusive: true }];
      const topology = { exchanges: [], queues, bindings: [] };
      return transport.subscribe({ queue: name, prefetch: 1, topology }, () => {});
    };
    const name = `connecting-${process.pid}-${round}`;
    await open(name);
    const opening = Array.from({ length: 20 }, (_, n) => open(`${name}-${n}`));
    const settled = Promise.allSettled(opening);
    await Promise.any(opening);
    await transport.close();
    await settled;
    expect(transport.state).toBe("closed");
  }
});
