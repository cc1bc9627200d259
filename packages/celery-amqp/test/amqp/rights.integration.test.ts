import { randomUUID } from "node:crypto";
import { expect, inject, onTestFinished, test } from "vitest";
import { createAmqpTransport } from "../../src/amqp/transport.ts";
import type { Transport } from "../../src/ports/transport.ts";
import { RecordingLogger } from "@leveret/test-support/recording-logger";
import { freshVhost, type TestVhost } from "../../../../scripts/vitest/vhost.ts";

interface Rights {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

const TOPOLOGY = {
  exchanges: [{ name: "shop", type: "direct", durable: true, autoDelete: false }],
  queues: [{ name: "orders", durable: true, autoDelete: false, exclusive: false }],
  bindings: [{ source: "shop", destination: "orders", destinationType: "queue", routingKey: "orders" }],
} as const;
const TO = { exchange: "shop", routingKey: "orders" };
const MESSAGE = { headers: {}, properties: {}, body: Buffer.from("x") };

/** A user of its own with these rights in a vhost where the owner has declared everything, if so wished. */
async function world(rights: Rights, isDeclared: boolean): Promise<{ transport: Transport; logger: RecordingLogger }> {
  const vhost = await freshVhost();
  const user = `user-${randomUUID()}`;
  await manage("PUT", `/api/users/${user}`, { password: "hunter2", tags: "" });
  await manage("PUT", `/api/permissions/${vhost.name}/${user}`, rights);
  const owner = createAmqpTransport({ url: vhost.url });
  await owner.connect();
  if (isDeclared) await owner.declare(TOPOLOGY);
  await owner.close();
  const logger = new RecordingLogger();
  const transport = createAmqpTransport({ url: urlFor(vhost, user) }, { logger });
  onTestFinished(async () => {
    await transport.close();
    await manage("DELETE", `/api/users/${user}`);
    await vhost.remove();
  });
  await transport.connect();
  return { transport, logger };
}

function urlFor(vhost: TestVhost, user: string): string {
  const url = new URL(vhost.url);
  url.username = user;
  url.password = "hunter2";
  return url.href;
}

async function manage(method: string, path: string, body?: object): Promise<void> {
  const { username, password, origin } = new URL(inject("managementUrl") ?? "");
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(origin + path, { method, headers: { authorization }, ...init });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
}

test("a user without the permission to declare uses existing queues", async () => {
  const { transport, logger } = await world({ configure: "^$", write: ".*", read: ".*" }, true);
  await transport.declare(TOPOLOGY);
  expect(logger.text).toMatch(/no permission to declare, the existing one is used[^]*declare queue "orders"/);
  await transport.publisher.publish(MESSAGE, TO);
  const arrived = Promise.withResolvers<void>();
  await transport.subscribe({ queue: "orders", prefetch: 1, topology: TOPOLOGY }, (delivery) => {
    delivery.ack();
    arrived.resolve();
  });
  await arrived.promise;
});

test("who may only send uses what exists, its bindings unseen", async () => {
  const { transport } = await world({ configure: "^$", write: "^shop$", read: "^$" }, true);
  await transport.declare(TOPOLOGY);
  await expect(transport.publisher.publish(MESSAGE, TO)).resolves.toBeUndefined();
});

test("who may not declare is told when nothing is there", async () => {
  const { transport } = await world({ configure: "^$", write: ".*", read: ".*" }, false);
  const error: unknown = await transport.declare(TOPOLOGY).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "access-refused" });
  expect(String(error)).toMatch(/declare exchange "shop"/);
  expect(String(error)).not.toContain("hunter2");
});

test("what another connection has for itself is said to be that, and no question of rights", async () => {
  const vhost = await freshVhost();
  const logger = new RecordingLogger();
  const transports = [createAmqpTransport({ url: vhost.url }), createAmqpTransport({ url: vhost.url }, { logger })];
  onTestFinished(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
    await vhost.remove();
  });
  await Promise.all(transports.map((transport) => transport.connect()));
  const queues = [{ name: "own", durable: false, autoDelete: false, exclusive: true }];
  const [first, second] = transports.map((transport) => () => transport.declare({ ...TOPOLOGY, queues, bindings: [] }));
  await first?.();
  await expect(second?.()).rejects.toMatchObject({
    message: expect.stringMatching(/Another connection has exclusive access/),
  });
  expect(logger.text).not.toContain("no permission");
});

test("who may not consume is told", async () => {
  const { transport } = await world({ configure: "^$", write: ".*", read: "^$" }, true);
  const subscribing = transport.subscribe({ queue: "orders", prefetch: 1 }, () => {});
  await expect(subscribing).rejects.toMatchObject({ code: "access-refused" });
});

test("who may not publish to one exchange is told, and publishes to others", async () => {
  const { transport } = await world({ configure: ".*", write: "^(orders|amq.default)$", read: ".*" }, true);
  const refused = transport.publisher.publish(MESSAGE, TO);
  const taken = transport.publisher.publish(MESSAGE, { exchange: "", routingKey: "orders" });
  await expect(refused).rejects.toMatchObject({ code: "access-refused" });
  await expect(taken).resolves.toBeUndefined();
});

test("a vhost without any permission is refused by name", async () => {
  const vhost = await freshVhost();
  const user = `user-${randomUUID()}`;
  await manage("PUT", `/api/users/${user}`, { password: "hunter2", tags: "" });
  const transport = createAmqpTransport({ url: urlFor(vhost, user) });
  onTestFinished(async () => {
    await transport.close();
    await manage("DELETE", `/api/users/${user}`);
    await vhost.remove();
  });
  await expect(transport.connect()).rejects.toThrow(vhost.name);
});
