import { composeBy } from "@leveret/celery-protocol/canvas";
import { describe, expect, test } from "vitest";
import { Destinations } from "../../src/send/destination.ts";
import { Planner } from "../../src/send/plan.ts";
import { resolveQueues } from "../../src/send/queue-table.ts";
import type { Route, Router } from "../../src/send/routes.ts";
import { type ShardBy, shardedQueue, ShardSelector } from "../../src/send/sharded-queue.ts";
import type { CallOptions } from "../../src/task/call-options.ts";

const call = { task: "images.resize", args: ["user-1"], kwargs: {} };
const byFirst: ShardBy = ({ args }) => String(args[0]);

describe("the shard of a call", () => {
  test.each([
    ["the call's key", "🐇", null, 2],
    ["the call's key before that of the rule", "🐇", byFirst, 2],
    ["the key of the rule", undefined, byFirst, 1],
  ] as const)("follows from %s", (_name, shardKey, shardBy, shard) => {
    const shardSelector = new ShardSelector(() => 0);
    expect(shardSelector.shard({ name: "images", count: 4, shardBy }, shardKey, () => call)).toBe(shard);
  });

  test.each([
    ["there is no key", null, undefined],
    ["the rule has none for it", () => null, undefined],
    ["keys are to be ignored", "round-robin", "🐇"],
  ] as const)("is the next in turn where %s", (_name, shardBy, shardKey) => {
    const shardSelector = new ShardSelector(() => 0.6);
    const shards = { name: "images", count: 4, shardBy };
    expect(Array.from({ length: 6 }, () => shardSelector.shard(shards, shardKey, () => call))).toEqual([
      2, 3, 0, 1, 2, 3,
    ]);
    expect(shardSelector.shard({ ...shards, name: "mail", count: 2 }, shardKey, () => call)).toBe(1);
  });

  test("is refused where the rule is async", () => {
    const shardBy = (async () => "key") as unknown as ShardBy;
    expect(() =>
      new ShardSelector(() => 0).shard({ name: "images", count: 4, shardBy }, undefined, () => call),
    ).toThrow(/gave a Promise/);
  });

  test("is refused where the rule gives no key", () => {
    const shardBy = (() => 7) as unknown as ShardBy;
    expect(() =>
      new ShardSelector(() => 0).shard({ name: "images", count: 4, shardBy }, undefined, () => call),
    ).toThrow(
      expect.objectContaining({
        code: "option-invalid",
        message: expect.stringMatching(/"images": shardBy\("images\.resize"\) \(7\)\. Return a string/),
      }),
    );
  });
});

describe("whether a call is sharded", () => {
  const queues = resolveQueues(["mail", shardedQueue("images", 4, { shardBy: byFirst })]);

  /** The queue that a call is sent to; where shards take turns, the last of them. */
  function queueOf(said: CallOptions, route: Route = {}, defaultQueue = "celery"): string | null {
    const router: Router = () => route;
    const shardSelector = new ShardSelector(() => 0.99);
    const planner = new Planner({ router, defaults: {} });
    const { terms, sendOptions } = planner.plan(call.task, said);
    const mint = { id: () => "id", now: 0, origin: "here", replyTo: null };
    const sending = composeBy(terms, { args: ["user-1"], kwargs: {} }, mint, null);
    return new Destinations({ router, queues, defaultQueue, shardSelector }).wayOf(sending, sendOptions).queue;
  }

  test.each<[string, CallOptions, Route, string, string | null]>([
    ["no: a plain queue", { queue: "mail" }, {}, "celery", "mail"],
    ["by its queue", { queue: "images" }, {}, "celery", "images.shard-1"],
    ["by its queue and its key", { queue: "images", shardKey: "🐇" }, {}, "celery", "images.shard-2"],
    ["by the default queue", {}, {}, "images", "images.shard-1"],
    ["by the route", {}, { queue: "videos", shards: 2 }, "celery", "videos.shard-1"],
    ["by the rule of the route", {}, { queue: "videos", shards: 4, shardBy: () => "🐇" }, "celery", "videos.shard-2"],
    ["no: the call names another queue", { queue: "mail" }, { queue: "videos", shards: 2 }, "celery", "mail"],
    ["by both, which agree", {}, { queue: "images", shards: 4 }, "celery", "images.shard-1"],
    ["no: it names exchange and routing key", { exchange: "x", routingKey: "y" }, {}, "images", null],
  ])("%s", (_name, options, route, defaultQueue, queue) => {
    expect(queueOf(options, route, defaultQueue)).toBe(queue);
  });

  test.each<[string, CallOptions, Route]>([
    ["route and list disagree", {}, { queue: "images", shards: 2 }],
    ["an exchange is named beside it", { queue: "images", exchange: "x", routingKey: "y" }, {}],
  ])("is refused where %s", (_name, options, route) => {
    expect(() => queueOf(options, route)).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });
});
