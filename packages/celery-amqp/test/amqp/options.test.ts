import { describe, expect, test } from "vitest";
import { resolveAmqp } from "../../src/amqp/options.ts";
import type { AmqpOptions } from "../../src/ports/connection.ts";

const url = "amqp://localhost";

test("the defaults are what the documentation says", () => {
  expect(resolveAmqp({ url })).toMatchObject({
    auth: "plain",
    connectionName: "leveret",
    heartbeatSeconds: 15,
    connectTimeoutMs: 10_000,
    rpcTimeoutMs: 20_000,
    publishTimeoutMs: 30_000,
    confirmTimeoutMs: 10_000,
    closeTimeoutMs: 10_000,
    maxInFlight: { messages: 1000, bytes: 16_000_000 },
    maxWaiting: { messages: 100_000, bytes: 128_000_000 },
    backoff: { minMs: 200, maxMs: 15_000, stableMs: 10_000 },
  });
});

test("a heartbeat in the URL wins over the option", () => {
  expect(resolveAmqp({ url: `${url}?heartbeat=7`, heartbeat: "20s" }).heartbeatSeconds).toBe(7);
});

describe("a wrong option is refused by name", () => {
  test.each<[string, Omit<AmqpOptions, "url"> & { url?: string }]>([
    ["heartbeat", { heartbeat: 0 }],
    ["heartbeat", { url: "amqp://h?heartbeat=0" }],
    ["heartbeat", { url: "amqp://h?heartbeat=soon" }],
    ["heartbeat", { heartbeat: 1.5 }],
    ["heartbeat", { heartbeat: 301 }],
    ["connectTimeout", { connectTimeout: 0 }],
    ["requestTimeout", { requestTimeout: -1 }],
    ["publishTimeout", { publishTimeout: Number.NaN }],
    ["confirmTimeout", { confirmTimeout: Number.POSITIVE_INFINITY }],
    ["closeTimeout", { closeTimeout: "5 seconds" as never }],
    ["maxInFlight.messages", { maxInFlight: { messages: 0 } }],
    ["maxWaiting.bytes", { maxWaiting: { bytes: -5 } }],
    ["backoff.min", { backoff: { min: 500, max: 100 } }],
    ["backoff.stable", { backoff: { stable: 0 } }],
    ["tls", { tls: {} }],
    ["auth", { auth: "external" }],
    ["auth", { auth: "none" as never }],
  ])("%s %o", (name, options) => {
    const attempt = () => resolveAmqp({ url, ...options });
    expect(attempt).toThrow(expect.objectContaining({ code: "option-invalid" }));
    expect(attempt).toThrow(`Invalid option of the connection: ${name} `);
  });
});
