import { expect, test } from "vitest";
import { covers, decodeState, encodeState, mergeStates, pruned } from "../../src/rules/beat-state.ts";
import { type CatchUp, due } from "../../src/rules/due.ts";
import { tickId } from "../../src/rules/tick-id.ts";
import type { ResolvedEntry } from "../../src/schedule/entry.ts";
import { resolveSchedule } from "../../src/schedule/schedule.ts";
import { zone } from "../../src/schedule/zone.ts";

const schedule = resolveSchedule("10s", zone("UTC"), "x");
const entry: ResolvedEntry = { name: "e", task: "t", schedule, args: [], kwargs: {}, options: {} };
const s = 1_000;

test.each<readonly [string, CatchUp, number | null, number, readonly number[], boolean, number, number]>([
  // what, policy, last, now, sent, skipping, last then, next
  ["nobody knew it: it begins now", "once", null, 5 * s, [], false, 5 * s, 15 * s],
  ["not due", "once", 0, 9_999, [], false, 0, 10 * s],
  ["due", "once", 0, 10 * s, [10 * s], false, 10 * s, 20 * s],
  ["late ones are all sent, whatever the policy", "skip", 0, 35 * s, [10 * s, 20 * s, 30 * s], false, 30 * s, 40 * s],
  ["missed, and another is due", "once", 0, 105 * s, [50 * s, 60 * s, 70 * s, 80 * s, 90 * s, 100 * s], true, 100 * s, 110 * s],
  ["missed, skipped", "skip", 0, 71 * s, [20 * s, 30 * s, 40 * s, 50 * s, 60 * s, 70 * s], true, 70 * s, 80 * s],
  ["missed, all sent", "all", 0, 75 * s, [10 * s, 20 * s, 30 * s, 40 * s, 50 * s, 60 * s, 70 * s], false, 70 * s, 80 * s],
])("%s (%s)", (_, catchUp, known, now, sent, isSkipping, last, next) => {
  const state = new Map(known === null ? [] : [["e", known]]);
  const result = due(entry, state, now, { catchUp, missedAfterMs: 60 * s });
  expect(result.ticks.map(({ time }) => time)).toEqual(sent);
  expect(result).toMatchObject({ isSkipping, last, next });
});

const rare = { ...entry, schedule: resolveSchedule("0 4 * * *", zone("UTC"), "x") };
const day = 86_400 * s;
test.each<readonly [CatchUp, readonly number[], boolean]>([
  ["skip", [], true],
  ["once", [9 * day + 4 * 3_600 * s], false],
  ["all", Array.from({ length: 10 }, (_, index) => index * day + 4 * 3_600 * s), false],
])("a beat that was away for ten days and policy %s", (catchUp, sent, isSkipping) => {
  const now = 9 * day + 12 * 3_600 * s;
  const result = due(rare, new Map([["e", 0]]), now, { catchUp, missedAfterMs: 60 * s });
  expect(result.ticks.map(({ time }) => time)).toEqual(sent);
  expect(result).toMatchObject({ isSkipping, last: 9 * day + 4 * 3_600 * s, next: 10 * day + 4 * 3_600 * s });
});

test("what has gathered for long comes in parts", () => {
  const first = due(entry, new Map([["e", 0]]), 10 * s * 2_500, { catchUp: "all", missedAfterMs: 0 });
  expect([first.ticks.length, first.last, first.next]).toEqual([1_000, 10_000 * s, 10_010 * s]);
});

test("a tick has one id, and no other tick has it", () => {
  const ids = [tickId("b", "e", 0), tickId("b", "e", 1), tickId("b", "f", 0), tickId("c", "e", 0), tickId("b", 'e",0', 0)];
  expect(new Set(ids).size).toBe(5);
  expect(tickId("b", "e", 0)).toBe(ids[0]);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("states merge to the later tick of each entry, in any order and however often", () => {
  const a = new Map([["x", 1], ["y", 5]]);
  const b = new Map([["x", 3], ["z", 2]]);
  const both = new Map([["x", 3], ["y", 5], ["z", 2]]);
  expect(mergeStates(a, b)).toEqual(both);
  expect(mergeStates(mergeStates(b, a), b)).toEqual(both);
  expect([covers(both, a), covers(a, b), covers(a, new Map())]).toEqual([true, false, true]);
});

test("a state travels as a message; noise counts for nothing", () => {
  const state = new Map([["x", 1], ["__proto__", 2]]);
  expect(decodeState(encodeState(state, "1"))).toEqual({ id: "1", state });
  const noise = (text: string) => decodeState({ headers: {}, properties: {}, body: new TextEncoder().encode(text) });
  for (const text of ["", "[]", "{", '{"entries":[]}', '{"entries":{"x":"soon"}}'])
    expect(noise(text)).toEqual({ id: null, state: new Map() });
});

test("entries that nobody has are forgotten after a month, not before", () => {
  const state = new Map([["own", 0], ["lately", 40 * day - 10 * day], ["long ago", 1]]);
  expect([...pruned(state, [{ name: "own" }], 40 * day).keys()]).toEqual(["own", "lately"]);
});
