import { describe, expect, it } from "vitest";
import { NameCache } from "../../src/cluster/name-cache.ts";

const peer = "rabbitmq-1.rabbitmq-headless.messaging.svc.cluster.local";

describe("a cache of names", () => {
  it("answers with an old address until its seconds are over, and with the new one from then on", () => {
    const clock = { nowMs: 0 };
    const found = { addresses: ["192.0.2.10"] };
    const cache = new NameCache(
      30,
      () => found.addresses,
      () => clock.nowMs,
    );
    expect(cache.answer(peer)).toEqual({ addresses: ["192.0.2.10"], ttlSeconds: 30 });
    found.addresses = ["192.0.2.11"];
    clock.nowMs = 29_999;
    expect(cache.answer(peer)).toEqual({ addresses: ["192.0.2.10"], ttlSeconds: 1 });
    clock.nowMs = 30_000;
    expect(cache.answer(peer)).toEqual({ addresses: ["192.0.2.11"], ttlSeconds: 30 });
  });

  it("keeps that there is no such name, and each name for itself", () => {
    const clock = { nowMs: 0 };
    const known = new Map<string, readonly string[]>();
    const cache = new NameCache(
      30,
      (name) => known.get(name) ?? null,
      () => clock.nowMs,
    );
    expect(cache.answer(peer).addresses).toBeNull();
    known.set(peer, ["192.0.2.10"]).set("other", ["192.0.2.11"]);
    clock.nowMs = 20_000;
    expect(cache.answer(peer).addresses).toBeNull();
    expect(cache.answer("other").addresses).toEqual(["192.0.2.11"]);
    clock.nowMs = 30_000;
    expect(cache.answer(peer).addresses).toEqual(["192.0.2.10"]);
  });

  it("of 0 seconds keeps nothing", () => {
    const found = { addresses: ["192.0.2.10"] };
    const cache = new NameCache(
      0,
      () => found.addresses,
      () => 0,
    );
    expect(cache.answer(peer)).toEqual({ addresses: ["192.0.2.10"], ttlSeconds: 0 });
    found.addresses = ["192.0.2.11"];
    expect(cache.answer(peer).addresses).toEqual(["192.0.2.11"]);
  });
});
