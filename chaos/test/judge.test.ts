import { describe, expect, test } from "vitest";
import { type Evidence, HEAP_LIMIT_BYTES, judge } from "../judging/judge.ts";
import { type Entry, parseRecords, type Record, type TaskKind } from "../judging/records.ts";

type Line = readonly [at: number, by: string, entry: Entry];

const sending = (kind: TaskKind = "plain", dueAt: number | null = null): Line => [
  10,
  "p",
  { type: "sending", id: "a", kind, queue: "q", dueAt },
];
const settled = (outcome = "confirmed", at = 20): Line => [at, "p", { type: "settled", id: "a", outcome }];
const received = (at: number, redelivered = false): Line => [at, "w", { type: "received", id: "a", redelivered }];
const began = (at: number, attempt = 1, redelivered = false): Line => [
  at,
  "w",
  { type: "began", id: "a", attempt, redelivered },
];
const ended = (at: number, attempt = 1): Line => [at, "w", { type: "ended", id: "a", attempt, redelivered: false }];
const well: readonly Line[] = [sending(), settled(), received(25), began(30), ended(40)];

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

test("a task that was sent, confirmed and run breaks nothing", () => {
  const { violations, figures } = judged(well);
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ sends: 1, outcomes: { confirmed: 1 }, runs: 1, duplicates: 0 });
});

describe("what is a violation", () => {
  test.each<[string, readonly Line[], Partial<Evidence>, string]>([
    ["a confirmed task that never ran", [sending(), settled()], {}, "a (plain) was confirmed and never ran"],
    [
      "one that began and was killed for good",
      [sending(), settled(), began(30)],
      {},
      "a (plain) was confirmed, began, and was never run to its end",
    ],
    ["a send that never settled", [sending(), began(30), ended(31)], {}, "a (plain) of p: the send never settled"],
    ["a task that nobody sent", [began(30), ended(31)], {}, "a (plain) ran and was never sent"],
    [
      "a retry that was lost",
      [sending("retried"), settled(), began(30), ended(31), began(40, 2), ended(41, 2)],
      {},
      "a (retried) was confirmed and stopped after attempt 2 of 3",
    ],
    [
      "a task before its eta",
      [sending("delayed", 100), settled(), began(30), ended(31)],
      {},
      "a (delayed) ran 70 ms before its eta",
    ],
    [
      "an unknown task that was not kept",
      [sending("unknown"), settled()],
      {},
      "a (unknown) was confirmed and is not in the dead queue",
    ],
    [
      "a hostile message that was not kept",
      [sending("hostile"), settled()],
      {},
      "a (hostile) was confirmed and is not in the dead queue",
    ],
    [
      "a hostile message that ran",
      [sending("hostile"), settled(), began(30), ended(31)],
      { deadIds: ["a"] },
      "a (hostile) ran",
    ],
    [
      "a message that was multiplied",
      [sending("hostile"), settled()],
      { deadIds: ["a", "a", "a"] },
      "a is in dead queues 3 times, 2 are explained",
    ],
    [
      "a task that kills its process and is never given up",
      [sending("poison"), settled(), began(30)],
      {},
      "a (poison) was confirmed and is not in the dead queue",
    ],
    [
      "a task that kills its process too often",
      [sending("poison"), settled(), ...Array.from({ length: 5 }, (_, n) => began(30 + n))],
      { deadIds: ["a"] },
      "a (poison) ran 5 times, of 3",
    ],
    ["a known task among the dead", well, { deadIds: ["a"] }, "a (plain) is in a dead queue"],
    ["a second run without a reason", [...well, began(50), ended(51)], {}, "a (plain) ran twice without a reason"],
    ["a queue that is not empty", well, { leftovers: [{ queue: "q", messages: 2 }] }, "queue q still holds 2 messages"],
    ["what the conductor saw", well, { complaints: ["w ended by itself, with 7"] }, "w ended by itself, with 7"],
    [
      "an unhandled rejection",
      [...well, [50, "w", { type: "fault", what: "unhandled rejection: x" }]],
      {},
      "w: unhandled rejection: x",
    ],
    [
      "a heap that grew",
      [...well, [50, "w", { type: "finished", heapBytes: HEAP_LIMIT_BYTES + 1, rssBytes: 0 }]],
      {},
      "w had a heap of 96.0 MB in the end",
    ],
  ])("%s", (_, lines, more, violation) => {
    expect(judged(lines, more).violations).toEqual([violation]);
  });
});

describe("what is none", () => {
  test.each<[string, readonly Line[], Partial<Evidence>]>([
    ["an unconfirmed task that never ran", [sending(), settled("publish-timeout")], {}],
    ["an unconfirmed task that did run", [sending(), settled("publish-timeout"), began(30), ended(31)], {}],
    ["a message in a queue that was deleted", [sending("volatile"), settled()], {}],
    ["a hostile message in its dead queue", [sending("hostile"), settled()], { deadIds: ["a"] }],
    ["a task that kills its process", [sending("poison"), settled(), began(30), began(40)], { deadIds: ["a"] }],
    ["an unknown task in its dead queue", [sending("unknown"), settled()], { deadIds: ["a"] }],
    [
      "a retry that was carried through",
      [sending("retried"), settled(), ...[1, 2, 3].flatMap((n) => [began(n * 100, n), ended(n * 100 + 1, n)])],
      {},
    ],
    ["a task at its eta", [sending("delayed", 30), settled(), began(30), ended(31)], {}],
  ])("%s", (_, lines, more) => {
    expect(judged(lines, more).violations).toEqual([]);
  });
});

describe("why a task ran more than once", () => {
  const again = [began(5_000), ended(5_001)];
  const late = [sending("delayed", 24), ...well.slice(1)];
  const resending = (by: string, at: number): Line => [at, by, { type: "resending", count: 3 }];
  test.each<[string, readonly Line[], Partial<Evidence>]>([
    ["redelivered", [...well, began(5_000, 1, true), ended(5_001)], {}],
    ["redelivered", [...well, received(4_999, true), ...again], {}],
    ["resent by its publisher", [...well, ...again, resending("p", 15)], {}],
    ["resent by a worker", [...well, ...again, resending("w", 1_000)], {}],
    ["resent by a worker", [...late, ...again, resending("w2", 22)], {}],
    ["ack lost with a node", [...well, ...again], { nodeDeaths: [2_000] }],
  ])("%s", (cause, lines, more) => {
    const { violations, figures } = judged(lines, more);
    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ duplicates: 1, causes: { [cause]: 1 } });
  });

  test.each<[string, readonly Line[], Partial<Evidence>]>([
    ["another publisher's resend", [...well, ...again, resending("p2", 15)], {}],
    ["a resend after the confirm", [...well, ...again, resending("p", 21)], {}],
    ["a resend of a worker that never had it", [...well, ...again, resending("w2", 1_000)], {}],
    ["a resend of nothing", [...well, ...again, [1_000, "w", { type: "resending", count: 0 }]], {}],
    ["a node's death before", [...well, ...again], { nodeDeaths: [10] }],
    ["a node's death long after the ack", [...well, began(30_000), ended(30_001)], { nodeDeaths: [20_000] }],
  ])("but not for %s", (_, lines, more) => {
    expect(judged(lines, more).violations).toEqual(["a (plain) ran twice without a reason"]);
  });
});

test("a line that a killed process did not finish is no record", () => {
  const line = JSON.stringify({ type: "settled", id: "a", outcome: "confirmed", by: "p", at: 1 });
  expect(parseRecords(`${line}\n${line.slice(0, 20)}`)).toHaveLength(1);
});
