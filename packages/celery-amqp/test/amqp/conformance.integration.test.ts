import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import { transportConformance } from "../../src/testing.ts";
import { createTcpProxy, type TcpProxy } from "@leveret/test-support/tcp-proxy";

describe("the AMQP transport on RabbitMQ", () => {
  let proxy: TcpProxy;
  beforeAll(async () => {
    proxy = await createTcpProxy(inject("amqpUrl"));
  });
  afterAll(() => proxy.close());

  test.each(transportConformance)("$name", async ({ run }) => {
    const harness = {
      createTransport: () => createAmqpTransport({ url: proxy.url }),
      dropConnections: () => proxy.cut(),
    };
    await expect(run(harness)).resolves.toBeUndefined();
  });
});
