import { describe, expect, test } from "vitest";
import { type Evidence, judge } from "../judging/judge.ts";
import type { Entry, Record } from "../judging/records.ts";

type Line = readonly [at: number, by: string, entry: Entry];

const sending = (name = "c", more: { fails?: boolean; within?: string } = {}): Line => {
  const { fails = false, within = null } = more;
  const order = name === "c" && more.within === undefined ? "[0,1]" : "[7]";
  const entry = { chord: name, counter: "redis", members: name === "c" ? 2 : 1, order, fails, within } as const;
  return [10, "p", { type: "chord-sending", ...entry }];
};
const settled = (outcome = "confirmed"): Line => {
  const ids = outcome === "confirmed" ? { group: "g", body: "b" } : { group: null, body: null };
  return [20, "p", { type: "chord-settled", chord: "c", outcome, ...ids }];
};
const answered = (outcome: string, order: string | null): Line => [
  90,
  "p",
  { type: "chord-answered", chord: "c", outcome, order },
];
const ran = (
  at: number,
  what: { chord?: string; taskId?: string; place?: number; order?: string; redelivered?: boolean },
): readonly Line[] => {
  const { chord = "c", taskId = "b", place = null, order = null, redelivered = false } = what;
  const entry = { type: "chord-task", chord, taskId, place, order, redelivered } as const;
  return [
    [at, "w", { ...entry, phase: "began" }],
    [at + 1, "w", { ...entry, phase: "ended" }],
  ];
};
const member = (place: number, at = 30 + place, redelivered = false) =>
  ran(at, { taskId: `m${place}`, place, redelivered });
const body = (at = 50, order = "[0,1]", taskId = "b") => ran(at, { taskId, order });
const header = [...member(0), ...member(1)];
const well = [sending(), settled(), ...header, ...body()];
const inner = [
  sending("i", { within: "c" }),
  [20, "p", { type: "chord-settled", chord: "i", outcome: "confirmed", group: null, body: null }] as Line,
];

function judged(lines: readonly Line[], more: Partial<Evidence> = {}) {
  const records = lines.map(([at, by, entry]): Record => ({ ...entry, at, by })).toSorted((a, b) => a.at - b.at);
  return judge({
    records,
    nodeDeaths: [],
    outages: [],
    deadIds: [],
    leftovers: [],
    counters: [],
    complaints: [],
    ...more,
  });
}

test("a chord whose members and one body ran breaks nothing", () => {
  const { violations, figures } = judged([...well, answered("SUCCESS", "[0,1]")]);
  expect(violations).toEqual([]);
  expect(figures.chords.redis).toEqual({
    chords: 1,
    members: 2,
    largest: 2,
    largestEnded: 1,
    outcomes: { confirmed: 1 },
    ends: { body: 1 },
    again: {},
  });
  expect(figures.chords.rabbitmq.chords).toBe(0);
});

describe("what is a violation", () => {
  const name = "chord c (2 members, redis)";
  test.each<[string, readonly Line[], Partial<Evidence>, string]>([
    ["a send that never settled", [sending(), ...header, ...body()], {}, `${name} of p: the send never settled`],
    [
      "an error that nobody can catch",
      [sending(), settled("not a CeleryError: x")],
      {},
      `${name}: the send ended in not a CeleryError: x`,
    ],
    [
      "a member that never ran",
      [sending(), settled(), ...member(0)],
      {},
      `${name} was confirmed, and 1 of its members never ran`,
    ],
    [
      "a body that never ran",
      [sending(), settled(), ...header],
      {},
      `${name}: all members ran, and its body was never run to its end`,
    ],
    [
      "a body that never ran, and a send that was not confirmed",
      [sending(), settled("publish-timeout"), ...header],
      {},
      `${name}: all members ran, and its body was never run to its end`,
    ],
    [
      "a body that began and was killed for good",
      [sending(), settled(), ...header, ...body().slice(0, 1)],
      {},
      `${name}: all members ran, and its body was never run to its end`,
    ],
    [
      "a body before its members",
      [sending(), settled("publish-timeout"), ...member(0), ...body()],
      {},
      `${name}: its body ran before all members did`,
    ],
    [
      "a second body",
      [...well, ...ran(60, { taskId: "other", order: "[0,1]", redelivered: true })],
      {},
      `${name} had 2 bodies: b, other`,
    ],
    [
      "results in another order",
      [sending(), settled(), ...header, ...body(50, "[1,0]")],
      {},
      `${name}: its body got [1,0] instead of [0,1]`,
    ],
    [
      "another result for the sender",
      [...well, answered("SUCCESS", "[0]")],
      {},
      `${name}: its sender got [0] instead of [0,1]`,
    ],
    ["a failure of nobody's", [...well, answered("task-failed", null)], {}, `${name} failed, and no member did`],
    [
      "a body in spite of a failure",
      [sending("c", { fails: true }), ...well.slice(1)],
      {},
      `${name}: its body ran, and a member had failed`,
    ],
    [
      "a result in spite of a failure",
      [sending("c", { fails: true }), settled(), ...header, answered("SUCCESS", "[0,1]")],
      {},
      `${name}: its sender got a result, and a member had failed`,
    ],
    [
      "a failure that nobody is told of",
      [sending("c", { fails: true }), settled(), ...header],
      {},
      `${name}: a member failed, and its errback never ran`,
    ],
    ["a second run without a reason", [...well, ...body(5_000)], {}, "the body of chord c ran twice without a reason"],
    [
      "a counter that stays",
      well,
      { counters: [{ counter: "redis", group: "g" }] },
      "chord c was confirmed and is still counted on redis",
    ],
    [
      "a counter of nobody's",
      [sending(), settled("publish-timeout"), ...member(0)],
      { counters: ["x", "y"].map((group) => ({ counter: "redis", group })) },
      "1 chords more are still counted on redis than were not confirmed",
    ],
  ])("%s", (_, lines, more, violation) => {
    expect(judged(lines, more).violations).toEqual([violation]);
  });

  test("a body before that of a chord in its header", () => {
    const { violations } = judged([...well, ...inner, ...ran(70, { chord: "i", taskId: "m7", place: 7 })]);
    expect(violations).toEqual([
      `${name}: its body ran before all members did`,
      "chord i (1 members, redis): all members ran, and its body was never run to its end",
    ]);
  });
});

describe("what is none", () => {
  const alarm: Line = [60, "w", { type: "chord-failed", body: "b" }];
  test.each<[string, readonly Line[], Partial<Evidence>]>([
    ["half a chord whose send was not confirmed", [sending(), settled("publish-timeout"), ...member(0)], {}],
    ["a result that came too late for its sender", [...well, answered("result-timeout", null)], {}],
    ["a failure that was told", [sending("c", { fails: true }), settled(), ...header, alarm], {}],
    [
      "a counter of a chord that was never wholly sent",
      [sending(), settled("publish-timeout"), ...member(0)],
      { counters: [{ counter: "redis", group: "x" }] },
    ],
    ["a member that ran again", [...well, ...member(1, 60)], {}],
    [
      "a chord within a chord",
      [...well, ...inner, ...ran(35, { chord: "i", taskId: "m7", place: 7 }), ...ran(37, { chord: "i", order: "[7]" })],
      {},
    ],
  ])("%s", (_, lines, more) => {
    expect(judged(lines, more).violations).toEqual([]);
  });

  test.each<[string, readonly Line[], Partial<Evidence>]>([
    ["redelivered", [...well, ...member(1, 60, true), ...body(70)], {}],
    ["resent by its publisher", [...well, ...body(70), [15, "p", { type: "resending", count: 1 }]], {}],
    ["resent by a worker", [...well, ...body(70), [40, "w", { type: "resending", count: 1 }]], {}],
    ["ack lost with a node", [...well, ...body(70)], { nodeDeaths: [60] }],
  ])("one body that ran twice: %s", (cause, lines, more) => {
    const { violations, figures } = judged(lines, more);
    expect(violations).toEqual([]);
    expect(figures.chords.redis.again).toEqual({ [cause]: 1 });
  });
});
