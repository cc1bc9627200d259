import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { brokersAtHand, freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { eventually } from "@leveret/test-support/eventually";

function queue(name: string) {
  return {
    exchanges: [],
    queues: [{ name, durable: true, autoDelete: false, exclusive: false }],
    bindings: [],
  };
}

describe.each(brokersAtHand())("limits of the broker %s", (broker) => {
  let vhost: TestVhost;
  beforeAll(async () => {
    vhost = await freshVhost(broker);
  });
  afterAll(() => vhost.remove());

  async function limit(name: string, value: number): Promise<void> {
    const { username, password, origin } = new URL(
      inject(broker === "newest" ? "newestManagementUrl" : "managementUrl") ?? "",
    );
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const headers = { authorization, "content-type": "application/json" };
    const url = `${origin}/api/vhost-limits/${vhost.name}/${name}`;
    const response = await fetch(url, { method: "PUT", headers, body: JSON.stringify({ value }) });
    expect(response.ok).toBe(true);
    onTestFinished(async () => void (await fetch(url, { method: "DELETE", headers })));
  }

  function create(): Transport {
    const transport = createAmqpTransport({ url: vhost.url, backoff: { min: "50ms", max: "200ms" } });
    onTestFinished(() => transport.close());
    return transport;
  }

  test("on connections are no missing vhost", async () => {
    await limit("max-connections", 0);
    const transport = create();
    await expect(transport.connect()).rejects.toMatchObject({
      code: "limit-reached",
      message: expect.stringMatching(/connection limit \(0\) is reached/) as string,
    });
  });

  test("on connections are waited for where the first connect may retry", async () => {
    await limit("max-connections", 0);
    const transport = create();
    const connected = transport.connect({ retry: true });
    await limit("max-connections", 10);
    await connected;
    expect(transport.state).toBe("open");
  });

  test("on queues are no mismatch", async () => {
    const transport = create();
    await transport.connect();
    await transport.declare(queue("first"));
    await limit("max-queues", 1);
    await expect(transport.declare(queue("second"))).rejects.toMatchObject({
      code: "limit-reached",
      message: expect.stringMatching(/declare queue "second".*queue limit/) as string,
    });
    await eventually("the transport goes on", () => transport.state === "open");
    await expect(transport.declare(queue("first"))).resolves.toBeUndefined();
  });
});
