import { describe, expect, test } from "vitest";
import { resolveClient } from "../../src/client/options.ts";
import { createRouter } from "../../src/send/routes.ts";

describe("routes", () => {
  test.each([
    ["async", async () => "media"],
    ["a function that rejects", () => Promise.reject(new Error("late"))],
  ])("that are %s are refused: the call would go to the default queue", (_, routes) => {
    const router = createRouter(routes as never);
    expect(() => router("a")).toThrow(/^routes\("a"\) gave a Promise/);
  });

  test.each([
    ["images.resize", { queue: "resizing" }],
    ["images.crop", { queue: "images", priority: 6 }],
    ["mail.send", { queue: "mail" }],
    ["letters.a", { queue: "letters" }],
    ["letters.d", {}],
    ["resize?", { queue: "questions" }],
    ["resized", {}],
    ["", {}],
  ])("send %j to %j", (task, route) => {
    const router = createRouter({
      "images.*": { queue: "images", priority: 6 },
      "images.resize": "resizing",
      "mail.*": "mail",
      "*.send": "late",
      "letters.[a-c]*": "letters",
      "resize?": "questions",
    });
    expect(router(task)).toEqual(route);
  });

  test("may be pairs, with regular expressions, tried in their order", () => {
    const router = createRouter([
      [/(video|image)\.tasks\./g, "media"],
      ["video.*", { queue: "video", protocol: 1 }],
      ["video.tasks.exact", "exact"],
    ]);
    expect(router("video.tasks.cut")).toEqual({ queue: "media" });
    expect(router("video.tasks.cut")).toEqual({ queue: "media" });
    expect(router("video.cut")).toEqual({ queue: "video", protocol: 1 });
    expect(router("video.tasks.exact")).toEqual({ queue: "exact" });
    expect(router("old.video.tasks.cut")).toEqual({});
  });

  test("may be a function", () => {
    const router = createRouter((task) => (task === "x" ? "q" : null));
    expect([router("x"), router("y")]).toEqual([{ queue: "q" }, {}]);
    const wrong = createRouter(() => ({ quue: "x" }) as never);
    expect(() => wrong("x")).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });

  test("are the same for ever more names than are remembered", () => {
    const router = createRouter({ "a.*": "q" });
    for (let index = 0; index < 1_500; index += 1) expect(router(`a.${index}`)).toEqual({ queue: "q" });
  });

  test.each([
    "q",
    7,
    null,
    [["a"]],
    ["a"],
    [[7, "q"]],
    { a: null },
    { a: { priority: "high" } },
    { a: { countdown: 5 } },
    { a: { queue: "" } },
    { a: { shards: 4 } },
    { a: { queue: "q", shards: 0 } },
    { a: { queue: "q", shardBy: "round-robin" } },
    { a: { queue: "q", shards: 2, shardBy: "key" } },
  ])("are refused as %j", (routes) => {
    expect(() => resolveClient({ routes } as never)).toThrow(expect.objectContaining({ code: "option-invalid" }));
  });
});
