import { describe, expect, it } from "vitest";
import { replyTo } from "../../src/cluster/dns.ts";
import type { CachedAnswer } from "../../src/cluster/name-cache.ts";

/** A question of RFC 1035 for a name. */
function questionFor(name: string, type: number): Buffer {
  const labels = name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, type, 0, 1])]);
}

const answer = (name: string): CachedAnswer => ({
  addresses: name === "rabbitmq.shop" ? ["192.0.2.10", "192.0.2.11"] : null,
  ttlSeconds: 7,
});

describe("a reply of the cluster's DNS", () => {
  it("has the question's id, and a record for each address with the time it may be kept", () => {
    const reply = replyTo(questionFor("RabbitMQ.shop", 1), answer);
    expect([reply.readUInt16BE(0), reply.readUInt16BE(2) & 0xf, reply.readUInt16BE(6)]).toEqual([0x12_34, 0, 2]);
    const records = reply.subarray(questionFor("rabbitmq.shop", 1).length);
    expect(records.readUInt32BE(6)).toBe(7);
    expect([...records.subarray(12, 16)]).toEqual([192, 0, 2, 10]);
    expect([...records.subarray(28, 32)]).toEqual([192, 0, 2, 11]);
  });

  it("says that there is no such name, and that a name has no records of another type", () => {
    const missing = replyTo(questionFor("nothing.shop", 1), answer);
    expect([missing.readUInt16BE(2) & 0xf, missing.readUInt16BE(6)]).toEqual([3, 0]);
    const other = replyTo(questionFor("rabbitmq.shop", 28), answer);
    expect([other.readUInt16BE(2) & 0xf, other.readUInt16BE(6)]).toEqual([0, 0]);
  });
});
