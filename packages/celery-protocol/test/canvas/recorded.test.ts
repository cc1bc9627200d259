import { describe, expect, test } from "vitest";
import { chord, chunks, expandChunks, group, map, signature } from "../../src/canvas/canvas.ts";
import { chain, pipe } from "../../src/canvas/chain.ts";
import { chordUnlock } from "../../src/canvas/chord-unlock.ts";
import { link, linkError, withOptions } from "../../src/canvas/link.ts";
import type { Mint } from "../../src/canvas/mint.ts";
import { stamp } from "../../src/canvas/stamp.ts";
import { type CanvasStep, unfold } from "../../src/canvas/unfold.ts";
import type { Tree } from "../../src/content/tree.ts";
import { createContent } from "../../src/content/content.ts";
import { encodeTask } from "../../src/task/encode.ts";
import type { TaskMessage } from "../../src/task/message.ts";
import { encodeSignature } from "../../src/task/signature-codec.ts";
import type { WireSignature } from "../../src/task/signature.ts";
import { parseIso } from "../../src/time/iso8601.ts";
import { CanvasRun, valueOf } from "../support/canvas-run.ts";
import { loadVectors, text, type Vector, wireMessage } from "../support/vectors.ts";

const content = createContent();
const task = (name: string, ...args: readonly number[]): WireSignature => signature(`demo.${name}`, { args });
const add = (...args: readonly number[]): WireSignature => task("add", ...args);
const mul = (...args: readonly number[]): WireSignature => task("mul", ...args);
const tsum = task("tsum");
const onError = task("on_err");

/** What a client sends for these expressions, by the names of the recordings. */
const sent: Readonly<Record<string, WireSignature>> = {
  "task-v2/v2-chain-2": chain(add(1, 2), mul(3)),
  "task-v2/v2-chain-one": chain(add(1, 2)),
  "task-v2/v2-chain-link-error": linkError(chain(add(1, 2), mul(3)), onError),
  "task-v2/v2-chain-4": chain(add(1, 2), mul(3), add(4), task("ident")),
  "task-v2/v2-chain-immutable": chain(immutable(add(1, 2)), immutable(mul(3, 4))),
  "task-v2/v2-link": link(add(2, 3), mul(10)),
  "task-v2/v2-link-error": linkError(task("fail"), onError),
  "task-v2/v2-group-3": group(add(0, 0), add(1, 1), add(2, 2)),
  "task-v2/v2-map": map(task("ident"), [1, 2, 3]),
  "task-v2/v2-chunks": expandChunks(
    chunks(
      task("add"),
      [0, 1, 2, 3, 4].map((each) => [each, each]),
      2,
    ),
  ),
  "task-v2/v2-stamped": stamp(add(2, 3), {
    visitor: { onSignature: () => ({ monitor: "abc", stamped_headers: ["monitor"] }) },
  }),
  "task-v2/v2-stamped-direct": stamp(add(2, 3), { stamps: { customer: "c-9" } }),
  "task-v2/v2-stamped-append": ["one", "two"].reduce(
    (each, tag) => stamp(each, { stamps: { tag }, append: true }),
    add(2, 3),
  ),
  "canvas-chord/chain-group-redis": chain(add(1, 1), group(add(2), mul(3))),
  "canvas-chord/chain-group-rpc": chain(add(1, 1), group(add(2), mul(3))),
  "canvas-chord/chain-group-task-redis": chain(add(1, 1), group(add(2), mul(3)), tsum),
  "canvas-chord/chord-body-chain-redis": chord([add(1, 1), add(2, 2)], chain(tsum, mul(10))),
  "canvas-chord/chord-empty-redis": chord([], tsum),
  "canvas-chord/chord-error-link-header-redis": linkError(chord([add(1, 1), task("fail")], tsum), onError),
  "canvas-chord/chord-in-chord-redis": chord([chord([add(1, 1), add(2, 2)], tsum), add(5, 5)], tsum),
  "canvas-chord/chord-of-chains-redis": chord([chain(add(1, 1), mul(2)), chain(add(2, 2), mul(3))], tsum),
  "canvas-chord/chord-unlock": chord([add(1, 1), add(2, 2)], tsum),
  "canvas-chord/chord-unlock-interval": withOptions(chord([add(1, 1), add(2, 2)], tsum), {
    interval: 5,
    max_retries: 4,
  }),
  "canvas-chord/chord-redis": chord([add(1, 1), add(2, 2)], tsum),
  "canvas-chord/chord-redis-3-error": chord([add(1, 1), add(2, 2), task("fail")], linkError(tsum, onError)),
  "canvas-chord/chord-redis-single": chord([add(1, 1)], tsum),
  "canvas-chord/group-save-redis": group(add(1, 1), add(2, 2)),
  "canvas-chord/group-task-redis": pipe(group(add(1, 2), mul(3, 4)), tsum),
};

describe("recorded canvases", () => {
  test.each(Object.entries(sent))("%s", (name, canvas) => {
    const vectors = recordedMessages(name);
    expect(vectors.length).toBeGreaterThan(0);
    const now = timeOf(vectors[0]) - 1000;
    const own = { ...mint(), now };
    const { steps } = unfold(canvas, own);
    const unlocks = name.includes("unlock") ? steps.flatMap((step) => unlocking(step, own)) : [];
    expect(wire([...unlocks, ...messages(steps)])).toEqual(recordedWire(vectors));
  });

  test("options of a group go to each member", () => {
    const vectors = recordedMessages("task-v2/v2-group-options");
    const now = timeOf(vectors[0]) - 30_000;
    const options = { countdown: 30, queue: "emails" };
    const { steps } = unfold(group(add(1, 1), mul(2, 2)), { ...mint(), now }, { options });
    expect(messages(steps).map(({ eta, priority }) => [eta?.epochMs, priority])).toEqual([
      [now + 30_000, 0],
      [now + 30_000, 0],
    ]);
    expect(steps.map((step) => step.do === "send" && step.to)).toMatchObject([
      { queue: "emails", exchange: null, isNamed: true },
      { queue: "emails", exchange: null, isNamed: true },
    ]);
  });
});

/** What a worker sends while these canvases run. */
const followed: Readonly<Record<string, WireSignature>> = {
  "chain-group-end": chain(add(1, 1), group(add(2), mul(3))),
  "chord-chain-member": chord([chain(add(1, 1), mul(2)), add(2, 2)], tsum),
  "chord-nested": chord([chord([add(1, 1), add(2, 2)], tsum), add(5, 5)], tsum),
  "chord-ok": chord([add(1, 1), add(2, 2)], tsum),
  "chord-single": chord([add(1, 1)], tsum),
  "failure-link-error-old": linkError(signature("fail"), task("on_err_old")),
  "failure-link-error-unknown": linkError(signature("fail"), signature("other.errback")),
  "replace-group": swap(group(add(5, 1), mul(5, 2))),
  "replace-task": swap(add(5, 10)),
  "success-chain": chain(add(1, 2), mul(3), add(4)),
  "success-link": link(add(2, 3), mul(10)),
};

describe("recorded messages of a worker", () => {
  test.each(Object.entries(followed))("%s", (name, canvas) => {
    const run = new CanvasRun("celery", demo);
    run.start(canvas);
    const byClient = run.sent.length;
    run.finish();
    const vectors = recordedMessages(`task-from-worker/${name}`);
    expect(vectors.length).toBeGreaterThan(0);
    expect(wire(run.sent.slice(byClient))).toEqual(recordedWire(vectors));
  });
});

function swap(by: WireSignature): WireSignature {
  return signature("swap", { kwargs: { by: encodeSignature(by) } });
}

/** The tasks of the recordings. */
function demo({ task: name, args, kwargs }: Pick<TaskMessage, "task" | "args" | "kwargs">): Tree {
  const numbers = (name === "demo.tsum" ? args[0] : args) as readonly number[];
  if (name === "celery.accumulate") return valueOf({ task: name, args, kwargs });
  return numbers.reduce((left, right) => (name === "demo.mul" ? left * right : left + right));
}

function immutable(each: WireSignature): WireSignature {
  return { ...each, immutable: true };
}

function unlocking(step: CanvasStep, own: Mint): readonly TaskMessage[] {
  return step.do === "apply-chord" ? [chordUnlock(step.chord, own).task] : [];
}

/** When it is due; 0 where that is at once. */
function timeOf(vector: Vector | undefined): number {
  const eta = vector?.headers?.["eta"] ?? null;
  return typeof eta === "string" ? parseIso(eta).epochMs : 0;
}

function mint(): Mint {
  let count = 0;
  return {
    id: () => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, "0")}`,
    now: 0,
    origin: "me",
    replyTo: "reply",
  };
}

function messages(steps: readonly CanvasStep[]): readonly TaskMessage[] {
  return steps.flatMap((step) => (step.do === "send" ? [step.task] : []));
}

function recordedMessages(name: string): readonly Vector[] {
  return loadVectors(name.slice(0, name.indexOf("/"))).filter(
    (vector) => vector.kind === "task" && vector.name.replace(/\.\d+$/, "") === name,
  );
}

/** What messages say, but for what differs from run to run, with ids in the order in which they come. */
function wire(tasks: readonly TaskMessage[]): readonly string[] {
  return named(tasks.map((each) => encodeTask(each, content)).map(({ body, headers }) => [text(body), headers]));
}

function recordedWire(vectors: readonly Vector[]): readonly string[] {
  return named(vectors.map((vector) => [text(wireMessage(vector).body), vector.headers ?? {}]));
}

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|id-\d+/g;
/** Options that say nothing where they stand, or what the message says in its headers. */
const SILENT = new Set([
  "root_id",
  "parent_id",
  "add_to_parent",
  "interval",
  "max_retries",
  "route_name",
  "group_index",
]);

function named(pairs: readonly (readonly [string, Readonly<Record<string, unknown>>])[]): readonly string[] {
  const ids = new Map<string, string>();
  return pairs.map(([body, { lang: _lang, origin: _origin, group: groupId, group_index, ...headers }]) => {
    const [args, kwargs, embed] = JSON.parse(body) as [unknown, unknown, { readonly chord: unknown }];
    const membership = embed.chord === null ? {} : { group: groupId, group_index };
    return JSON.stringify([said(args), kwargs, said(embed), { ...headers, ...membership }])
      .replaceAll(/"reply_to":"[^"]+"/g, '"reply_to":"reply"')
      .replaceAll(/((?:args|kwargs)repr":")[^]*?("[,}])/g, "$1$2")
      .replaceAll(/"eta":"([^"]*)\.(\d{3})\d*/g, '"eta":"$1.$2')
      .replaceAll(ID, (id) => ids.get(id) ?? ids.set(id, `#${ids.size}`).get(id) ?? id);
  });
}

/** What signatures say: a chord that has not begun need not be named by its members, as Celery 5.6.3 has it. */
function said(value: unknown, inHeader = false): unknown {
  if (Array.isArray(value)) return value.map((each) => said(each, inHeader));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name, each]) => each !== null && !SILENT.has(name) && !(inHeader && name === "chord"))
    .filter(([name, each]) => name !== "chain" || (each as readonly unknown[]).length > 0);
  const read = entries.map(([name, each]) => [name, said(each, inHeader || name === "header")] as const);
  return Object.fromEntries(read.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
