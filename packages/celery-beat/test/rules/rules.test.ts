import { expect, test } from "vitest";
import { covers, decodeState, encodeState, mergeStates, pruned, withState } from "../../src/rules/beat-state.ts";
import { type CatchUp, due, mostUrgent } from "../../src/rules/due.ts";
import { isSpare } from "../../src/rules/held.ts";
import { tickId } from "../../src/rules/tick-id.ts";
import type { ResolvedEntry } from "../../src/schedule/entry.ts";
import { resolveSchedule } from "../../src/schedule/schedule.ts";
import { zone } from "../../src/schedule/zone.ts";

const schedule = resolveSchedule("10s", zone("UTC"), "x");
const entry: ResolvedEntry = { name: "e", task: "t", schedule, args: [], kwargs: {}, options: {} };
const s = 1_000;

/** All that is sent at one moment, turn by turn. */
function turns(of: ResolvedEntry, last: number | null, now: number, catchUp: CatchUp) {
  const sent: number[] = [];
  let state = new Map(last === null ? [] : [[of.name, last] as const]);
  for (let isSkipping = false; ;) {
    const each = due(of, state, now, { catchUp, missedAfterMs: 60 * s });
    if (each.tick !== null) sent.push(each.tick.time);
    isSkipping ||= each.isSkipping;
    state = new Map([[of.name, each.last]]);
    if (each.next > now) return { sent, isSkipping, last: each.last, next: each.next };
  }
}

test.each<readonly [string, CatchUp, number | null, number, readonly number[], boolean, number, number]>([
  // what, policy, last, now, sent, skipping, last then, next
  ["nobody knew it: it begins now", "once", null, 5, [], false, 5, 15],
  ["not due", "once", 0, 9.999, [], false, 0, 10],
  ["due", "once", 0, 10, [10], false, 10, 20],
  ["late ones are all sent, whatever the policy", "skip", 0, 35, [10, 20, 30], false, 30, 40],
  ["missed, and another is due", "once", 0, 105, [50, 60, 70, 80, 90, 100], true, 100, 110],
  ["missed, skipped", "skip", 0, 71, [20, 30, 40, 50, 60, 70], true, 70, 80],
  ["missed, all sent", "all", 0, 75, [10, 20, 30, 40, 50, 60, 70], false, 70, 80],
])("%s (%s)", (_, catchUp, known, now, sent, isSkipping, last, next) => {
  const result = turns(entry, known === null ? null : known * s, now * s, catchUp);
  expect(result).toEqual({ sent: sent.map((time) => time * s), isSkipping, last: last * s, next: next * s });
});

const rare = { ...entry, schedule: resolveSchedule("0 4 * * *", zone("UTC"), "x") };
const day = 86_400 * s;
const four = 4 * 3_600 * s;
test.each<readonly [CatchUp, readonly number[], boolean]>([
  ["skip", [], true],
  ["once", [9], false],
  ["all", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], false],
])("a beat that was away for ten days and policy %s", (catchUp, sent, isSkipping) => {
  const result = turns(rare, 0, 9 * day + 3 * four, catchUp);
  const days = sent.map((index) => index * day + four);
  expect(result).toEqual({ sent: days, isSkipping, last: 9 * day + four, next: 10 * day + four });
});

test("a tick has one id, and no other tick has it", () => {
  const ids = [
    tickId("b", "e", 0),
    tickId("b", "e", 1),
    tickId("b", "f", 0),
    tickId("c", "e", 0),
    tickId("b", 'e",0', 0),
  ];
  expect(new Set(ids).size).toBe(5);
  expect(tickId("b", "e", 0)).toBe(ids[0]);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("states merge to the later tick of each entry, in any order and however often", () => {
  const a = new Map([
    ["x", 1],
    ["y", 5],
  ]);
  const b = new Map([
    ["x", 3],
    ["z", 2],
  ]);
  const both = new Map([
    ["x", 3],
    ["y", 5],
    ["z", 2],
  ]);
  expect(mergeStates(a, b)).toEqual(both);
  expect(mergeStates(mergeStates(b, a), b)).toEqual(both);
  expect([covers(both, a), covers(a, b), covers(a, new Map())]).toEqual([true, false, true]);
});

const now = Date.UTC(2026, 0, 1);

test("a state travels as a message; noise counts for nothing", () => {
  const state = new Map([
    ["x", now - 1],
    ["__proto__", now],
  ]);
  expect(decodeState(encodeState(state, "1"), now)).toEqual({ id: "1", state, refused: [] });
  const noise = (text: string) =>
    decodeState({ headers: {}, properties: {}, body: new TextEncoder().encode(text) }, now);
  for (const text of ["", "[]", "{", "null", '{"entries":[]}', '{"entries":null}', '{"entries":7}'])
    expect(noise(text)).toEqual({ id: null, state: new Map(), refused: null });
});

test.each([
  '"soon"',
  "null",
  "true",
  "[1767225600000]",
  "{}",
  "1767225600000.5",
  "1e400",
  "-1",
  "0",
  "9007199254740991",
  "9007199254740993",
  "-1767225600000",
  `${Date.UTC(2026, 0, 1) + 31_000}`,
])("a time %s is not believed, and the others are", (time) => {
  const body = new TextEncoder().encode(`{"entries":{"x":${time},"y":${now}}}`);
  expect(decodeState({ headers: {}, properties: {}, body }, now)).toEqual({
    id: null,
    state: new Map([["y", now]]),
    refused: ["x"],
  });
});

test("entries that nobody has are forgotten after a month, not before", () => {
  const state = new Map([
    ["own", 0],
    ["lately", 40 * day - 10 * day],
    ["long ago", 1],
  ]);
  expect([...pruned(state, [{ name: "own" }], 40 * day).keys()]).toEqual(["own", "lately"]);
});

test("a tick's own message is a state message, whatever its body says", () => {
  const body = new TextEncoder().encode('{"entries":{"x":9}}');
  const message = { headers: { id: "task" }, properties: { contentType: "application/json" }, body };
  const state = new Map([["x", now]]);
  const both = withState(message, "celery.beat", state, "1");
  expect(both).toMatchObject({ ...message, headers: { id: "task", BCC: ["celery.beat"] } });
  expect(decodeState(both, now)).toEqual({ id: "1", state, refused: [] });
});

const of = (x: number) => new Map([["x", x]]);
test.each<readonly [string, string | null, number, string | null, string | null, boolean]>([
  // what, its id, its tick, id of the saved (tick 5), id of what is being saved, spare
  ["an earlier one", "a", 4, "s", null, true],
  ["one that says the same", "a", 5, "s", null, true],
  ["one of a stranger", null, 5, "s", null, true],
  ["a later tick", "a", 6, "s", null, false],
  ["the saved one itself", "s", 5, "s", null, false],
  ["the one that takes its place", "n", 5, "s", "n", false],
  ["one that was to be saved and is in doubt", "o", 5, "s", "n", true],
  ["before any is saved", "a", 0, null, null, false],
])("of held messages: %s", (_, id, tick, savedId, savingId, spare) => {
  const saved = savedId === null ? null : { id: savedId, state: of(5) };
  expect(isSpare({ id, state: of(tick) }, { saved, savingId })).toBe(spare);
});

test("of many dues those that have waited longest go first, and what sends nothing costs nothing", () => {
  const dues = [30, 10, 20, null].map((time) => ({
    entry,
    tick: time === null ? null : { entry, time },
    isSkipping: false,
    last: 0,
    next: 0,
  }));
  const times = (most: number) => mostUrgent(dues, most).map(({ tick }) => tick?.time ?? null);
  expect([times(3), times(2), times(1)]).toEqual([
    [30, 10, 20, null],
    [10, 20, null],
    [10, null],
  ]);
});
