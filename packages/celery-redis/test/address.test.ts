import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeAddress, readAddress } from "../src/address.ts";

const node = { kind: "node", host: "h", port: 6379, db: 0, username: null, password: null, tls: null };
const certificate = join(import.meta.dirname, "../../celery-amqp/test/support/fixtures/tls/ca.pem");

describe("an address", () => {
  test.each([
    ["redis://h", node],
    ["redis://h:6380/2", { ...node, port: 6380, db: 2 }],
    ["redis://h?db=3", { ...node, db: 3 }],
    ["redis://", { ...node, host: "localhost" }],
    ["redis://[::1]:7000", { ...node, host: "::1", port: 7000 }],
    ["redis://:100%@h", { ...node, password: "100%" }],
    ["redis://:%ff%zz;a b@c@h", { ...node, password: "%ff%zz;a b@c" }],
    ["redis://:p%40ss@h", { ...node, password: "p@ss" }],
    ["redis://user:pass@h/1", { ...node, username: "user", password: "pass", db: 1 }],
    ["rediss://h", { ...node, tls: {} }],
    ["rediss://h?ssl_cert_reqs=CERT_NONE", { ...node, tls: { rejectUnauthorized: false } }],
    ["rediss://h?ssl_cert_reqs=CERT_REQUIRED", { ...node, tls: { rejectUnauthorized: true } }],
    ["rediss://h?ssl_cert_reqs=none", { ...node, tls: { rejectUnauthorized: false } }],
    [
      "redis+socket:///run/redis.sock?virtual_host=4",
      { kind: "socket", path: "/run/redis.sock", db: 4, username: null, password: null, tls: null },
    ],
  ])("%s is read as in Celery", (url, place) => {
    expect(readAddress(url, null)).toEqual(place);
  });

  test("names files of certificates as in Celery", () => {
    const place = readAddress(`rediss://h?ssl_ca_certs=${encodeURIComponent(certificate)}`, { servername: "other" });
    expect(String(place.tls?.ca)).toContain("BEGIN CERTIFICATE");
    expect(place.tls?.servername).toBe("other");
  });

  test.each([
    ["h:6379", /starts with none of redis/],
    ["nonsense", /cannot be read/],
    ["http://h", /starts with none of redis/],
    ["redis://h/x", /database/],
    ["redis://h?db=-1", /database/],
    ["redis://h?timeout=1", /parameter that is not known/],
    ["redis://h?ssl_cert_reqs=CERT_NONE", /rediss/],
    ["rediss://h?ssl_ca_certs=/nowhere.pem", /nowhere\.pem/],
  ])("%s is refused", (url, reason) => {
    expect(() => readAddress(url, null)).toThrow(reason);
  });

  test("is never shown with its password", () => {
    expect(describeAddress(readAddress("redis://user:secret@h:1/0", null))).toBe("h:1");
    expect(() => readAddress("redis://user:secret@h:port/0", null)).toThrow(/^(?!.*secret)/);
    expect(() => readAddress("redis://user:secret@h/x", null)).toThrow(/^(?!.*secret)/);
    for (const login of ["user:1?secret", "user:1/secret", "user:1#secret", "user:a@secret/b", "secret:secret#"])
      expect(() => readAddress(`redis://${login}@h/0`, null)).toThrow(/^(?!.*secret).*cannot be read/);
    expect(() => readAddress("redis://user:secret", null)).toThrow(/^(?!.*secret).*cannot be read/);
  });

  test("with certificates asks for TLS", () => {
    expect(() => readAddress("redis://h", {})).toThrow(/rediss/);
  });
});

describe("a place of several nodes", () => {
  test("is a primary that sentinels know", () => {
    const place = readAddress({ sentinels: [{ host: "s1" }, { host: "s2", port: 1 }], master: "m", db: 1 }, null);
    expect(place).toMatchObject({ kind: "sentinel", master: "m", db: 1, sentinels: [{ port: 26_379 }, { port: 1 }] });
    expect(describeAddress(place)).toBe('primary "m" of sentinels s1:26379, s2:1');
  });

  test("is a cluster", () => {
    const place = readAddress({ cluster: [{ host: "c1" }], password: "secret" }, null);
    expect(place).toMatchObject({ kind: "cluster", nodes: [{ host: "c1", port: 6379 }], password: "secret" });
    expect(describeAddress(place)).toBe("cluster of c1:6379");
  });

  test.each([
    [{ cluster: [] }, /at least one/],
    [{ cluster: [{ host: "" }] }, /host/],
    [{ sentinels: [{ host: "s" }], master: "" }, /primary's name/],
    [{ sentinels: [], master: "m" }, /at least one/],
    [{ sentinels: [{ host: "s" }], master: "m", db: 1.5 }, /: db \(1\.5\)/],
    [null as never, /redisResults \(null\)/],
  ])("%j is refused", (where, reason) => {
    expect(() => readAddress(where, null)).toThrow(reason);
  });
});
