import { describe, expect, test } from "vitest";
import { chunks, group, map, signature } from "../../src/canvas/canvas.ts";
import { chain } from "../../src/canvas/chain.ts";
import { composeCall, type Sending } from "../../src/canvas/compose.ts";
import type { Mint, WireRoute } from "../../src/canvas/mint.ts";
import { unfold } from "../../src/canvas/unfold.ts";
import { Float } from "../../src/content/lossless.ts";
import type { Tree } from "../../src/content/tree.ts";

const now = Date.UTC(2026, 0, 1);

function mint(routes: Readonly<Record<string, WireRoute>>): Mint {
  let count = 0;
  return {
    id: () => `id-${(count += 1)}`,
    now,
    origin: "here",
    replyTo: null,
    routeOf: (name) => routes[name] ?? { options: {} },
  };
}

function compose(said: Readonly<Record<string, Tree>>, route: WireRoute["options"], protocol: 1 | 2 = 2): Sending {
  const routes = { t: { options: route, protocol } };
  return composeCall({ task: "t", args: [], kwargs: {}, options: said }, mint(routes), null);
}

describe("an option", () => {
  test.each<[string, Record<string, Tree>, Record<string, Tree>, object]>([
    ["of the call wins", { priority: 0 }, { priority: 6 }, { priority: 0 }],
    ["of the route counts where the call has none", {}, { priority: 6 }, { priority: 6 }],
    ["that is null is not said", { priority: null, time_limit: null }, { priority: 6 }, { priority: 6 }],
    ["that nothing says has its default", {}, {}, { priority: 0, persistent: true, serializer: "json" }],
    ["may be a float of Python's", { priority: new Float(3) }, { priority: 6 }, { priority: 3 }],
    ["delivery_mode is a number", { delivery_mode: 2 }, { delivery_mode: 1 }, { persistent: true }],
    ["delivery_mode is a name", { delivery_mode: "persistent" }, { delivery_mode: 1 }, { persistent: true }],
    ["delivery_mode is transient", { delivery_mode: "transient" }, {}, { persistent: false }],
    ["compression can be none", { compression: null }, { compression: "gzip" }, { compression: null }],
    ["compression is the route's", {}, { compression: "gzip" }, { compression: "gzip" }],
    ["serializer is the call's", { serializer: "yaml" }, { serializer: "json" }, { serializer: "yaml" }],
    ["ignore_result can be refused", { ignore_result: false }, { ignore_result: true }, { ignoreResult: false }],
    [
      "limits are merged one by one",
      { soft_time_limit: 5 },
      { time_limit: 30, soft_time_limit: 20 },
      { timeLimit: { hardSeconds: 30, softSeconds: 5 } },
    ],
    [
      "expires may be a time",
      { expires: "2026-01-01T02:00:00+00:00" },
      { expires: 60 },
      { expires: { epochMs: now + 7_200_000, text: "2026-01-01T02:00:00+00:00" } },
    ],
    ["expires of the route counts from now", {}, { expires: 60 }, { expires: { epochMs: now + 60_000 } }],
    ["headers are the call's", { headers: { a: 1 } }, {}, { extraHeaders: { a: 1 } }],
  ])("%s", (_name, said, route, expected) => {
    expect(compose(said, route).task).toMatchObject(expected);
  });
});

describe("a destination", () => {
  const nothing = { queue: null, exchange: null, routingKey: null, isNamed: false };

  test.each<[string, Record<string, Tree>, Record<string, Tree>, object]>([
    ["is nothing that was said", {}, {}, nothing],
    ["is the route's", {}, { queue: "q" }, { ...nothing, queue: "q" }],
    ["is the call's queue", { queue: "mine" }, { queue: "q" }, { ...nothing, queue: "mine", isNamed: true }],
    ["is a queue as Python writes it", { queue: { name: "mine" } }, {}, { ...nothing, queue: "mine", isNamed: true }],
    [
      "is the call's queue, and not the route's exchange",
      { queue: "mine" },
      { exchange: "x", routing_key: "k" },
      { ...nothing, queue: "mine", isNamed: true },
    ],
    [
      "is the call's exchange, and not the route's queue",
      { exchange: "x", routing_key: "k" },
      { queue: "q", routing_key: "r" },
      { queue: null, exchange: "x", routingKey: "k", isNamed: true },
    ],
    [
      "is the route's exchange with the call's routing key",
      { routing_key: "mine" },
      { queue: "q", exchange: "x", routing_key: "k" },
      { queue: "q", exchange: "x", routingKey: "mine", isNamed: true },
    ],
    [
      "keeps the route's routing key for the route's queue",
      { queue: "q" },
      { queue: "q", routing_key: "k" },
      { queue: "q", exchange: null, routingKey: "k", isNamed: true },
    ],
  ])("%s", (_name, said, route, expected) => {
    expect(compose(said, route).to).toEqual({ ...expected, routeName: "t" });
  });

  test.each([
    ["a map", map(signature("t"), [1, 2])],
    ["a map in a group", group(map(signature("t"), [1]), map(signature("t"), [2]))],
    ["chunks", chunks(signature("t"), [[1], [2]], 1)],
    ["chunks in a group", group(chunks(signature("t"), [[1], [2]], 1))],
    ["a map in a chain", chain(map(signature("t"), [1]), signature("other"))],
  ])("of %s is that of the task it calls", (_name, call) => {
    const { steps } = unfold(call, mint({ t: { options: { queue: "q", priority: 6 } } }));
    const sent = steps.flatMap((step) => (step.do === "send" ? [step] : []));
    expect(sent.length).toBeGreaterThan(0);
    for (const { task, to } of sent) {
      expect(to).toMatchObject({ queue: "q", routeName: "t" });
      expect(task.priority).toBe(6);
    }
  });
});

describe("protocol 1", () => {
  test("is the route's", () => {
    expect(compose({}, {}, 1).task.protocol).toBe(1);
  });

  test.each([{ countdown: 5 }, { eta: "2026-01-01T00:00:00+00:00" }])("refuses %j", (said) => {
    expect(() => compose(said, {}, 1)).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });
});

test.each([{ countdown: 1e12 }, { expires: 1e12 }])("a time that Python cannot read is refused: %j", (said) => {
  expect(() => compose(said, {})).toThrow(expect.objectContaining({ code: "time-invalid" }));
});
