import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { defineTask } from "../../../src/task/definition.ts";
import { resolveWorker } from "../../../src/worker/options/worker.ts";
import { assertPooled, resolvePools } from "../../../src/worker/options/pool.ts";
import { poolKindOf } from "../../../src/worker/rules/pool-kind.ts";

const module = new URL("file:///app/tasks.js");

describe("the option pool", () => {
  test("has defaults", () => {
    expect(resolvePools("inline", 4)).toEqual([{ kind: "inline" }]);
    expect(resolvePools({ kind: "threads", module }, 4)).toEqual([
      {
        kind: "threads",
        module: { url: "file:///app/tasks.js", exports: null },
        size: 4,
        maxTasks: null,
        maxMemoryBytes: null,
        startTimeoutMs: 60_000,
        execArgv: [],
      },
    ]);
  });

  test("takes paths from the working directory, and URLs as they are", () => {
    const urls = ["./tasks.js", "/app/tasks.js", "file:///app/tasks.js", "data:text/javascript,"].map(
      (path) => (resolvePools({ kind: "threads", module: path }, 1)[0] as { module: { url: string } }).module.url,
    );
    expect(urls).toEqual([
      `${pathToFileURL(process.cwd()).href}/tasks.js`,
      // On Windows with the letter of the drive.
      pathToFileURL("/app/tasks.js").href,
      "file:///app/tasks.js",
      "data:text/javascript,",
    ]);
  });

  test.each([
    [200_000_000, 200_000_000],
    ["200MB", 200_000_000],
    ["1.5 GiB", 1_610_612_736],
    ["65536kib", 67_108_864],
  ])("counts memory %s", (maxMemoryPerChild, bytes) => {
    expect(resolvePools({ kind: "processes", module, maxMemoryPerChild }, 1)).toMatchObject([
      { maxMemoryBytes: bytes },
    ]);
  });

  test.each([
    ["a kind that is none", { kind: "fork", module }, /pool\.kind \("fork"\)\. Give "threads" or "processes"/],
    ["no module", { kind: "threads" }, /pool\.module/],
    ["an unknown option", { kind: "threads", module, maxTask: 1 }, /pool\.maxTask \(unknown\)/],
    ["no children", { kind: "threads", module, size: 0 }, /pool\.size/],
    ["kilobytes", { kind: "threads", module, maxMemoryPerChild: 200_000 }, /Celery counts kilobytes/],
    ["a memory that is none", { kind: "threads", module, maxMemoryPerChild: "much" }, /"200MB"/],
    ["an empty list", [], /pool \(a list\)/],
    ["a kind twice", ["inline", "inline"], /different kinds/],
  ])("refuses %s", (_, option, why) => {
    expect(() => resolveWorker({ tasks: [], pool: option as never })).toThrow(why);
  });
});

describe("the pool of a task", () => {
  const pools = resolvePools([{ kind: "processes", module }, "inline"], 1);
  const free = defineTask("free");
  const inline = defineTask("inline", { pool: "inline" });
  const threads = defineTask("threads", { pool: "threads" });

  test("is the one it asks for, else the first", () => {
    expect([free, inline].map((task) => poolKindOf(task, pools))).toEqual(["processes", "inline"]);
  });

  test("must be there", () => {
    expect(() => assertPooled([free, inline], pools)).not.toThrow();
    expect(() => assertPooled([threads], pools)).toThrow(
      /asks for the pool threads, and the worker has processes, inline/,
    );
  });
});
