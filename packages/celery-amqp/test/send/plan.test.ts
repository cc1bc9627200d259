import { DateTime } from "@leveret/celery-protocol";
import { type Caller, composeBy } from "@leveret/celery-protocol/canvas";
import { describe, expect, test } from "vitest";
import { checkCallOptions } from "../../src/task/call-shape.ts";
import { readable } from "../../src/send/chords.ts";
import { destinationOf } from "../../src/send/destination.ts";
import { planCall } from "../../src/send/plan.ts";
import { resolveQueues } from "../../src/send/queue-table.ts";
import { chain, group } from "../../src/task/canvas.ts";
import type { CallOptions } from "../../src/task/call-options.ts";
import { defineTask } from "../../src/task/definition.ts";

const now = Date.UTC(2026, 0, 1);
const mint = { id: () => "id-1", now, origin: "gen1@here", replyTo: "replies" };
const plain = { options: { serializer: "json", compression: null } };

function compose(options: CallOptions, caller: Caller | null = null) {
  const { terms } = planCall("x", options, plain);
  return readable(() => composeBy(terms, { args: [1], kwargs: {} }, mint, caller)).task;
}

function wire(ms: number, text: string) {
  return { epochMs: now + ms, text };
}

describe("a message", () => {
  test("has its callbacks and errbacks in the normal form", () => {
    const t = defineTask("demo.t", (_context, given: unknown) => given);
    const sum = defineTask("demo.sum", (_context, given: readonly unknown[]) => given.length);
    const written = chain(group(t.s()), sum.s());
    const meant = expect.objectContaining({ task: "celery.chord", subtaskType: "chord" });
    expect(compose({ link: written, linkError: [written] })).toMatchObject({ callbacks: [meant], errbacks: [meant] });
  });

  test("says what Celery says where the call says nothing", () => {
    expect(compose({})).toMatchObject({
      protocol: 2,
      id: "id-1",
      task: "x",
      lang: "js",
      eta: null,
      expires: null,
      expirationMs: null,
      retries: 0,
      rootId: "id-1",
      parentId: null,
      origin: "gen1@here",
      ignoreResult: false,
      replyTo: "replies",
      correlationId: "id-1",
      priority: 0,
      persistent: true,
      serializer: "json",
      compression: null,
      stampedHeaders: null,
    });
  });

  test.each([
    [{ countdown: 0 }, { eta: null }],
    [{ countdown: "90s" }, { eta: wire(90_000, "2026-01-01T00:01:30+00:00") }],
    [{ countdown: 0.25 }, { eta: wire(250, "2026-01-01T00:00:00.250000+00:00") }],
    [{ eta: new Date(now - 1_000) }, { eta: wire(-1_000, "2025-12-31T23:59:59+00:00") }],
    [{ expires: 120 }, { expires: wire(120_000, "2026-01-01T00:02:00+00:00"), expirationMs: 120_000 }],
    [{ expires: new Date(now + 7_199_999) }, { expirationMs: 7_199_999 }],
    [{ expires: new Date(now - 1) }, { expires: wire(-1, "2025-12-31T23:59:59.999000+00:00"), expirationMs: 0 }],
    [{ queue: "q" }, { priority: 0 }],
    [{ queue: "q", priority: 4 }, { priority: 4 }],
    [{ priority: 255 }, { priority: 255 }],
    [{ timeLimit: 30 }, { timeLimit: { hardSeconds: 30, softSeconds: null } }],
    [{ timeLimit: "1m", softTimeLimit: "500ms" }, { timeLimit: { hardSeconds: 60, softSeconds: 0.5 } }],
    [
      { stamps: { tenant: "a", ids: [1, 2] } },
      { stampedHeaders: ["tenant", "ids"], stamps: { tenant: "a", ids: [1, 2] } },
    ],
    [{ headers: { trace: "t" } }, { extraHeaders: { trace: "t" } }],
    [
      { shadow: "y", argsRepr: "('***',)", kwargsRepr: "{}" },
      { shadow: "y", argsRepr: "('***',)", kwargsRepr: "{}" },
    ],
    [{ persistent: false }, { persistent: false }],
    [{ replyTo: "other" }, { replyTo: "other", correlationId: "id-1" }],
    [
      { rootId: "r", parentId: "p" },
      { rootId: "r", parentId: "p" },
    ],
    [
      { protocol: 1, ignoreResult: true },
      { protocol: 1, ignoreResult: true },
    ],
    [
      { serializer: "yaml", compression: "zstd" },
      { serializer: "yaml", compression: "zstd" },
    ],
  ] satisfies [CallOptions, object][])("of a call with %j says %j", (options, fields) => {
    expect(compose(options)).toMatchObject(fields);
  });

  test("names the task that sends it as its parent", () => {
    const parent = { id: "p", rootId: "r", priority: null };
    expect(compose({}, parent)).toMatchObject({ rootId: "r", parentId: "p" });
    expect(compose({ rootId: "mine" }, parent)).toMatchObject({ rootId: "mine", parentId: "p" });
  });

  test("carries linked calls under Celery's names", () => {
    const next = defineTask("next", { queue: "q", run: (_context, a: number, b: number) => a + b });
    const inform = defineTask<(input: { text: string }) => void>("inform", { keywords: true });
    const expires = new Date(now);
    const options: CallOptions = {
      link: next
        .s(2)
        .with({ countdown: "5s", expires, stamps: { a: 1 }, persistent: false, link: inform.si({ text: "x" }) }),
      linkError: [inform.si({ text: "failed" }), inform.s()],
    };
    const { callbacks, errbacks } = compose(options);
    expect(callbacks).toMatchObject([
      {
        task: "next",
        args: [2],
        kwargs: {},
        options: {
          queue: "q",
          countdown: 5,
          expires: new DateTime("2026-01-01T00:00:00+00:00"),
          a: 1,
          stamped_headers: ["a"],
          delivery_mode: 1,
          link: [{ task: "inform" }],
        },
        immutable: false,
      },
    ]);
    expect(errbacks).toMatchObject([
      { task: "inform", args: [], kwargs: { text: "failed" }, options: {}, subtaskType: null, immutable: true },
      { args: [], kwargs: {}, immutable: false },
    ]);
  });

  test.each([
    [{ eta: new Date(now), countdown: 5 }, /eta or countdown, not both/],
    [{ protocol: 1, countdown: 5 }, /protocol 1 route/],
    [{ protocol: 1, eta: new Date(now) }, /protocol 1 route/],
    [{ protocol: 1, stamps: { a: 1 } }, /no stamps/],
    [{ countdown: "3600000d" }, /year 9999/],
    [{ expires: "3600000d" }, /year 9999/],
    [{ countdown: -1 }, /countdown/],
    [{ timeLimit: 5, softTimeLimit: 6 }, /softTimeLimit \(6 s\) is longer than timeLimit \(5 s\)/],
  ] satisfies [CallOptions, RegExp][])("is refused with %j", (options, message) => {
    const refusal = { name: "CeleryError", code: "option-invalid", message: expect.stringMatching(message) };
    expect(() => compose(options)).toThrow(expect.objectContaining(refusal));
  });
});

describe("options of a call", () => {
  test.each([
    { queue: 7 },
    { queue: "" },
    { queue: "q".repeat(256) },
    { id: "ü".repeat(128) },
    { exchange: "" },
    { countdown: null },
    { eta: "2026-01-01" },
    { eta: new Date(Number.NaN) },
    { eta: new Date("+010000-01-01T00:00:00Z") },
    { eta: new Date("0000-12-31T00:00:00Z") },
    { expires: [] },
    { priority: 256 },
    { priority: -1 },
    { priority: 1.5 },
    { priority: "high" },
    { headers: [] },
    { headers: { id: "mine" } },
    { headers: { compression: "x" } },
    { ignoreResult: "yes" },
    { compression: 3 },
    { shadow: null },
    { protocol: 3 },
    { persistent: 2 },
    { stamps: "a" },
    { link: {} },
    { link: [defineTask("x")] },
    { signal: {} },
    { delay: 5 },
    { __proto__: null, constructor: 1 },
  ] as object[])("are refused as %j", (options) => {
    const refusal = {
      name: "CeleryError",
      code: "option-invalid",
      message: expect.stringMatching(/^Invalid option of the call of "x": /),
    };
    expect(() => checkCallOptions(options as never, 'the call of "x"')).toThrow(expect.objectContaining(refusal));
  });

  test("are taken as Celery takes them", () => {
    const options = {
      queue: "q".repeat(255),
      routingKey: "",
      compression: null,
      priority: 0,
      expires: "1d",
      countdown: 1.5,
    } as const;
    expect(() => checkCallOptions(options, "x")).not.toThrow();
  });
});

describe("a destination", () => {
  const queues = resolveQueues([
    { name: "media", exchange: "media", exchangeType: "topic", routingKey: "video.#" },
    { name: "quorum", type: "quorum" },
  ]);

  test.each([
    [{}, { to: { exchange: "", routingKey: "celery" }, queue: "celery" }],
    [{ queue: "mail" }, { to: { exchange: "", routingKey: "mail" }, queue: "mail" }],
    [{ queue: "quorum" }, { to: { exchange: "", routingKey: "quorum" }, queue: "quorum" }],
    [{ queue: "media" }, { to: { exchange: "media", routingKey: "video.#" }, queue: "media" }],
    [
      { queue: "media", routingKey: "video.encode" },
      { to: { exchange: "media", routingKey: "video.encode" }, queue: "media" },
    ],
    [
      { exchange: "events", routingKey: "a.b" },
      { to: { exchange: "events", routingKey: "a.b" }, queue: null },
    ],
    [{ exchange: "events" }, { to: { exchange: "", routingKey: "celery" }, queue: null }],
    [
      { queue: "mail", routingKey: "x" },
      { to: { exchange: "", routingKey: "mail" }, queue: "mail" },
    ],
    [
      { queue: "media", exchange: "events" },
      { to: { exchange: "events", routingKey: "" }, queue: "media" },
    ],
    [{ queue: "toString" }, { to: { exchange: "", routingKey: "toString" }, queue: "toString" }],
  ])("of %j is %j", (options, destination) => {
    expect(destinationOf({ queue: null, exchange: null, routingKey: null, ...options }, queues, "celery")).toEqual(
      destination,
    );
  });
});
