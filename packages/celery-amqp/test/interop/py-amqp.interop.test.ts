import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { folder } from "@leveret/test-support/python";
import { freshVhost } from "../../../../scripts/vitest/vhost.ts";
import { parseAddresses } from "../../src/amqp/address.ts";
import { createAmqpTransport } from "../../src/amqp/transport.ts";

const run = promisify(execFile);
const { latestCelery } = inject("peers");
const python = "path" in latestCelery ? latestCelery.path : "";

/** What the Python program prints, as JSON. */
async function ask(...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(python, [join(folder, "py_amqp.py"), ...args]);
  return JSON.parse(stdout);
}

describe.skipIf("missing" in latestCelery)("kombu and py-amqp", () => {
  test("parse broker URLs with the same result", async () => {
    const urls = [
      "amqp://",
      "amqp://h",
      "amqp://h/",
      "amqp://h//",
      "amqp://h/%2F",
      "amqp://h/%2Fname",
      "amqp://h//name",
      "amqp://a//b//",
      "amqp://h/a%20b%C3%BC",
      "amqp://u:p@h:1234/v",
      "amqp://u%40x:p%40%2F%23%3A@h",
      "amqp://u@h",
      "amqp://:p@h",
      "amqp://u:p@[::1]:99/v",
      "amqps://h",
      "pyamqp://h",
    ];
    const ours = urls.map((url) => {
      const [address] = parseAddresses(url);
      const { host, port, user, vhost } = address ?? {};
      return { host, port, user, password: address?.password.reveal(), vhost };
    });
    expect(await ask("urls", ...urls)).toEqual(ours);
  });

  test("decode headers and properties with the intended types", async () => {
    const vhost = await freshVhost();
    const transport = createAmqpTransport({ url: vhost.url });
    onTestFinished(async () => {
      await transport.close();
      await vhost.remove();
    });
    await transport.connect();
    const queue = { name: "q", durable: true, autoDelete: false, exclusive: false };
    await transport.declare({ exchanges: [], queues: [queue], bindings: [] });
    const headers = {
      small: 7,
      negative: -3000,
      large: 2 ** 40,
      float: 1.5,
      text: "ü",
      yes: true,
      nothing: null,
      list: [1, "two", [null]],
      table: { nested: { deep: 1 } },
      left: undefined,
    };
    const properties = { persistent: true, priority: 9, expirationMs: 60_000, correlationId: "c", replyTo: "r" };
    await transport.publisher.publish(
      { headers, properties, body: Buffer.from("{}") },
      { exchange: "", routingKey: "q" },
    );
    expect(await ask("message", vhost.url, "q")).toEqual({
      headers: {
        small: ["int", "7"],
        negative: ["int", "-3000"],
        large: ["int", "1099511627776"],
        float: ["float", "1.5"],
        text: ["str", "'ü'"],
        yes: ["bool", "True"],
        nothing: ["NoneType", "None"],
        list: ["list", "[1, 'two', [None]]"],
        table: ["dict", "{'nested': {'deep': 1}}"],
      },
      properties: { delivery_mode: 2, priority: 9, expiration: "60000", correlation_id: "c", reply_to: "r" },
    });
  });
});
