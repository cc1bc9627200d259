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
  expect(resolveAmqp({ url: `${url}?heartbeat=7`, heartbeatSeconds: 20 }).heartbeatSeconds).toBe(7);
});

describe("a wrong option is refused by name", () => {
  test.each<[string, Omit<AmqpOptions, "url"> & { url?: string }]>([
    ["heartbeatSeconds", { heartbeatSeconds: 0 }],
    ["heartbeatSeconds", { url: "amqp://h?heartbeat=0" }],
    ["heartbeatSeconds", { url: "amqp://h?heartbeat=soon" }],
    ["heartbeatSeconds", { heartbeatSeconds: 1.5 }],
    ["heartbeatSeconds", { heartbeatSeconds: 301 }],
    ["connectTimeoutMs", { connectTimeoutMs: 0 }],
    ["rpcTimeoutMs", { rpcTimeoutMs: -1 }],
    ["publishTimeoutMs", { publishTimeoutMs: Number.NaN }],
    ["confirmTimeoutMs", { confirmTimeoutMs: Number.POSITIVE_INFINITY }],
    ["closeTimeoutMs", { closeTimeoutMs: "5s" as never }],
    ["maxInFlight.messages", { maxInFlight: { messages: 0 } }],
    ["maxWaiting.bytes", { maxWaiting: { bytes: -5 } }],
    ["backoff.minMs", { backoff: { minMs: 500, maxMs: 100 } }],
    ["backoff.stableMs", { backoff: { stableMs: 0 } }],
    ["tls", { tls: {} }],
    ["auth", { auth: "external" }],
    ["auth", { auth: "none" as never }],
  ])("%s %o", (name, options) => {
    const attempt = () => resolveAmqp({ url, ...options });
    expect(attempt).toThrow(expect.objectContaining({ code: "option-invalid" }));
    expect(attempt).toThrow(`Invalid option of the connection: ${name} `);
  });
});
