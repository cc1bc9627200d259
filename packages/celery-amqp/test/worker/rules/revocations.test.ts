import { describe, expect, test } from "vitest";
import { Revocations, type StampValue } from "../../../src/worker/rules/revocations.ts";
import { readState, writeState } from "../../../src/worker/rules/saved-state.ts";
import { task } from "./given.ts";

const hour = 3_600_000;

function stamped(stamps: Record<string, unknown>, stampedHeaders: readonly string[] | null = Object.keys(stamps)) {
  return task({ stamps, stampedHeaders });
}

describe("revoked tasks", () => {
  test("are known by their id", () => {
    const revocations = new Revocations();
    expect(revocations.has(task())).toBe(false);
    revocations.addId("id-1", 0);
    expect(revocations.has(task())).toBe(true);
    expect(revocations.has(task({ id: "id-2" }))).toBe(false);
  });

  const rows: readonly [string, Record<string, unknown>, string, StampValue, boolean][] = [
    ["the value", { tenant: "blue" }, "tenant", "blue", true],
    ["another value", { tenant: "red" }, "tenant", "blue", false],
    ["another stamp", { owner: "blue" }, "tenant", "blue", false],
    ["one of its values", { tenant: ["red", "blue"] }, "tenant", "blue", true],
    ["none of its values", { tenant: ["red"] }, "tenant", "blue", false],
    ["the second of its stamps", { owner: "me", tenant: "blue" }, "tenant", "blue", true],
    ["a number", { shard: 7 }, "shard", 7, true],
    ["a text for a number", { shard: "7" }, "shard", 7, false],
    ["what cannot be compared", { tenant: { name: "blue" } }, "tenant", "blue", false],
  ];
  test.each(rows)("are known by a stamp: %s", (_name, stamps, name, value, expected) => {
    const revocations = new Revocations();
    revocations.addStamp(name, value, 0);
    expect(revocations.has(stamped(stamps))).toBe(expected);
  });

  test("are not known by a header that is no stamp", () => {
    const revocations = new Revocations();
    revocations.addStamp("tenant", "blue", 0);
    expect(revocations.has(stamped({ tenant: "blue" }, null))).toBe(false);
  });

  test("beyond the limit are forgotten, the oldest first; naming one again makes it young", () => {
    const revocations = new Revocations({ limit: 2, maxAgeMs: hour });
    revocations.addId("a", 1);
    revocations.addId("b", 2);
    revocations.addId("a", 3);
    revocations.addId("c", 4);
    expect(revocations.entries().ids).toEqual([
      ["a", 3],
      ["c", 4],
    ]);
  });

  test("are kept however old they are, while there is room; over the limit all old ones go", () => {
    const revocations = new Revocations({ limit: 3, maxAgeMs: hour });
    for (const id of ["a", "b"]) revocations.addId(id, 0);
    revocations.addId("c", 9 * hour);
    expect(revocations.entries().ids).toHaveLength(3);
    revocations.addId("d", 9 * hour + 1);
    expect(revocations.entries().ids.map(([id]) => id)).toEqual(["c", "d"]);
  });

  test("have bounds of their own for stamps", () => {
    const revocations = new Revocations({ limit: 2, maxAgeMs: hour });
    for (const value of ["a", "b", "c"]) revocations.addStamp("tenant", value, 0);
    revocations.addId("id-1", 0);
    expect(revocations.entries()).toEqual({
      ids: [["id-1", 0]],
      stamps: [
        ["tenant", "b", 0],
        ["tenant", "c", 0],
      ],
    });
  });

  test("are bounded in characters, the oldest going first, and ids that no client makes are not kept", () => {
    const revocations = new Revocations({ maxCharacters: 1_000 });
    revocations.addId("x".repeat(1_025), 0);
    expect(revocations.entries().ids).toEqual([]);
    for (let n = 0; n < 20; n += 1) revocations.addId(`${n}-${"x".repeat(98)}`, n);
    const kept = revocations.entries().ids.map(([, at]) => at);
    expect(kept).toHaveLength(9);
    expect(kept.at(-1)).toBe(19);
    revocations.addId("short", 20);
    revocations.addId("short", 21);
    expect(revocations.entries().ids).toHaveLength(10);
  });

  test("keep within Celery's bounds", () => {
    const revocations = new Revocations();
    for (let n = 0; n < 50_010; n += 1) revocations.addId(`id-${n}`, n);
    expect(revocations.entries().ids).toHaveLength(50_000);
    expect(revocations.has(task({ id: "id-9" }))).toBe(false);
    expect(revocations.has(task({ id: "id-10" }))).toBe(true);
  });
});

describe("the text of the state", () => {
  test("comes back as it was", () => {
    const entries = { ids: [["a", 1]], stamps: [["tenant", "blue", 2] as const, ["shard", 7, 3] as const] } as const;
    expect(readState(writeState(entries))).toEqual(entries);
    expect(writeState(entries)).toMatch(/^\{"version":1,.*\}\n$/);
  });

  test.each(["", "{", "[]", "null", "7", '{"version":2,"revoked":{}}', '{"version":1}', '{"version":1,"revoked":[]}'])(
    "is refused: %j",
    (text) => {
      expect(() => readState(text)).toThrow(/JSON|version|revoked/);
    },
  );

  test("loses only the entries that make no sense", () => {
    const ids = [["a", 1], "b", ["c"], [4, 4], ["d", "late"], ["e", null]];
    const stamps = [["tenant", "blue", 1], ["tenant", {}, 1], ["tenant"]];
    expect(readState(JSON.stringify({ version: 1, revoked: { ids, stamps } }))).toEqual({
      ids: [["a", 1]],
      stamps: [["tenant", "blue", 1]],
    });
    expect(readState('{"version":1,"revoked":{"ids":7}}')).toEqual({ ids: [], stamps: [] });
  });
});
