import { expect, test } from "vitest";
import { openResults, resultPlace } from "../../src/reading/result-backend.ts";
import { UsageError } from "../../src/terminal/terminal.ts";

test.each([
  [undefined, null],
  ["", null],
  ["rpc", "rpc"],
  ["rpc://", "rpc"],
  ["RPC://", "rpc"],
  ["amqp", "amqp"],
  ["amqp://", "amqp"],
  ["none", "none"],
  ["disabled", "none"],
  ["disabled://", "none"],
  ["redis", { redisUrl: "redis://" }],
  ["redis://", { redisUrl: "redis://" }],
  ["redis://user:pass:word@host:6379/1?db=2", { redisUrl: "redis://user:pass:word@host:6379/1?db=2" }],
  ["REDIS://Host/0", { redisUrl: "redis://Host/0" }],
  ["rediss://host:6380/0?ssl_cert_reqs=required", { redisUrl: "rediss://host:6380/0?ssl_cert_reqs=required" }],
  ["redis+socket:///run/redis.sock?virtual_host=3", { redisUrl: "redis+socket:///run/redis.sock?virtual_host=3" }],
])("%j is %j", (text, place) => {
  expect(resultPlace(text)).toEqual(place);
});

test.each([
  ["sentinel://:hush-hush@host:26379/0", /\(sentinel\)\. Give redisResults/],
  ["mongodb://user:hush-hush@host", /\(mongodb\)\. Give rpc:\/\/, amqp, redis:\/\/host:6379\/0 or disabled/],
  ["user:hush-hush@host", /Result backend not known/],
  ["hush-hush", /Result backend not known/],
  ["constructor", /Result backend not known/],
  [" redis://:hush-hush@host", /Result backend not known/],
  ["amqp://user:hush-hush@host", /\(amqp\)\. Give amqp alone/],
  ["rpc://hush-hush", /Give rpc alone/],
])("%j is refused, and nothing of it is told", (text, message) => {
  const read = (): unknown => resultPlace(text);
  expect(read).toThrow(UsageError);
  expect(read).toThrow(message);
  expect(read).not.toThrow(/hush-hush/);
});

test.each([
  ["rpc", "rpc"],
  ["amqp", "amqp"],
  ["none", false],
] as const)("what client and worker bring themselves is named to them: %s is %j", async (place, results) => {
  expect(await openResults(place)).toBe(results);
});

test("a Redis is opened by its address, and not connected before it is used", async () => {
  const results = await openResults({ redisUrl: "redis://user:hush-hush@127.0.0.1:1/0" });
  expect(results).toHaveProperty("store");
  expect(results).toHaveProperty("watch");
  await (results as { close(): Promise<void> }).close();
});

test.each([
  ["redis://user:hush-hush@host:port", /The URL cannot be read/],
  ["redis://user:12?hush-hush@host/0", /The URL cannot be read/],
  ["redis://user:hush-hush@host/first", /the database must be an integer/],
  ["redis://user:hush-hush@host/0?ssl_cert_reqs=required", /write rediss:\/\//],
])("an address that makes no sense is told without its password: %s", async (redisUrl, message) => {
  const opened = openResults({ redisUrl });
  await expect(opened).rejects.toThrow(UsageError);
  await expect(opened).rejects.toThrow(message);
  await expect(opened).rejects.not.toThrow(/hush-hush/);
});
