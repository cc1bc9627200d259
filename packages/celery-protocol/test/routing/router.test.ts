import { describe, expect, test } from "vitest";
import { createRouter, taskAddress } from "../../src/routing/router.ts";
import { recorded } from "../support/recorded.ts";

describe("a table of routes", () => {
  const table = [
    ["images.*", "globbed"],
    [/video\.(encode|decode)/, "videos"],
    ["images.resize", "exact"],
    ["feeds.?", "no pattern"],
    [/V/i, "case"],
  ] as const;

  test.each([
    ["images.resize", "exact"],
    ["images.crop", "globbed"],
    ["my.images.crop", null],
    ["video.encode", "videos"],
    ["video.encode.all", "videos"],
    ["my.video.encode", null],
    ["feeds.?", "no pattern"],
    ["feeds.a", null],
    ["valet", "case"],
    ["other", null],
  ])("sends %s to %s", (task, route) => {
    expect(createRouter(table)(task)).toBe(route);
  });

  test("may be an object", () => {
    const route = createRouter({ "a.*": 1, "a.b": 2 });
    expect([route("a.b"), route("a.c"), route("toString")]).toEqual([2, 1, null]);
  });

  test("may be a function", () => {
    const route = createRouter((task) => (task === "a" ? "queue" : undefined));
    expect([route("a"), route("b")]).toEqual(["queue", null]);
  });

  test("asks an expression anew each time, whatever its flags", () => {
    const route = createRouter([[/a/gmy, "queue"]]);
    expect([route("a"), route("a"), route("b\na")]).toEqual(["queue", "queue", null]);
  });
});

describe("the address of a task", () => {
  const topic = { exchange: "tasks", exchangeType: "topic", routingKey: "task.default" } as const;

  test.each([
    ["celery", {}, {}, "", "celery"],
    ["celery", {}, { exchange: "media" }, "", "celery"],
    ["celery", {}, { routingKey: "video" }, "", "celery"],
    ["celery", {}, { exchange: "media", routingKey: "video.encode" }, "media", "video.encode"],
    ["tq", topic, {}, "tasks", "task.default"],
    ["tq", topic, { routingKey: "task.other" }, "tasks", "task.other"],
    ["tq", topic, { exchange: "media" }, "media", ""],
    ["newone", { exchangeType: "topic" }, {}, "newone", "newone"],
    ["bcast", { exchangeType: "fanout", routingKey: "celery" }, { exchange: null }, "bcast", "celery"],
  ] as const)("for %s %j %j is %j by %j", (queue, options, explicit, exchange, routingKey) => {
    expect(taskAddress(queue, options, explicit)).toEqual({ exchange, routingKey });
  });

  test.each([
    ["conf-exchange-topic-default", "tq", topic, {}],
    ["conf-quorum-missing", "newone", { exchangeType: "topic" }, {}],
    ["conf-quorum", "qq", {}, {}],
    ["conf-max-priority", "prio", { maxPriority: 10 }, {}],
    ["conf-queue-prefix-broadcast", "bcast", { exchangeType: "fanout", routingKey: "celery" }, {}],
    ["conf-route.1", "emails", {}, {}],
    ["conf-route.2", "celery", {}, { exchange: "media", routingKey: "video.encode" }],
  ] as const)("is that of the recording %s", (name, queue, options, explicit) => {
    const vector = recorded("task-conf").find(([each]) => each === `task-conf/${name}`)?.[1];
    expect(taskAddress(queue, options, explicit)).toEqual({
      exchange: vector?.publish.exchange,
      routingKey: vector?.publish.routing_key,
    });
  });
});
