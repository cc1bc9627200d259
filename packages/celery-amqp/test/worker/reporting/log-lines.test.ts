import { describe, expect, test } from "vitest";
import {
  createLineLogger,
  leveled,
  type LogFormat,
  type LogLevel,
  withFields,
} from "../../../src/worker/reporting/log-lines.ts";

function linesOf(format: LogFormat, level: LogLevel = "debug") {
  const lines: string[] = [];
  return {
    lines,
    log: createLineLogger({
      level,
      format,
      now: () => Date.UTC(2026, 10, 22, 10, 0, 0, 123),
      write: (line) => lines.push(line),
    }),
  };
}

describe("log lines", () => {
  test("for people", () => {
    const { lines, log } = linesOf("text");
    log.info("task succeeded", { task: "tasks.add", id: "8f5d", ms: 3 });
    log.error("task failed", {
      task: "tasks.add",
      id: "8f5d",
      error: "ValueError: no such thing",
      traceback: "at a\nat b",
    });
    log.warn("waiting", { big: 10n, list: [1, "a"], nothing: undefined });
    expect(lines).toEqual([
      "2026-11-22 10:00:00.123 INFO  task succeeded tasks.add[8f5d] ms=3",
      '2026-11-22 10:00:00.123 ERROR task failed tasks.add[8f5d] error="ValueError: no such thing"\n  at a\n  at b',
      '2026-11-22 10:00:00.123 WARN  waiting big=10 list=[1,"a"] nothing=undefined',
    ]);
  });

  test("for machines: one object a line", () => {
    const { lines, log } = linesOf("json");
    log.error("task failed", { id: "8f5d", traceback: "at a\nat b", big: 10n });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        time: "2026-11-22T10:00:00.123Z",
        level: "error",
        message: "task failed",
        id: "8f5d",
        traceback: "at a\nat b",
        big: "10",
      },
    ]);
  });

  test.each(["text", "json"] as const)(
    "of %s hold one line each, of visible characters, whatever comes in",
    (format) => {
      const { lines, log } = linesOf(format);
      const foreign = "x\r\n2026-11-22 10:00:00.123 ERROR forged\u001B[2J\u009B\u0007\u202E\u200B\u2028\uD800\u{E0041}";
      log.warn(`stop: ${foreign}`, { task: foreign, id: foreign, [foreign]: [foreign], queue: foreign });
      log.error("task failed", { traceback: `Error: ${foreign}\n  at a` });
      log.info("long", { text: "y".repeat(1_000_000) });
      const written = lines.join("\n").split("\n");
      expect(written.filter((line) => !/^[ -~…]*$/.test(line))).toEqual([]);
      expect(written.filter((line) => /^(2026|\{"time)/.test(line))).toHaveLength(3);
      expect(lines.at(-1)?.length).toBeLessThan(20_000);
    },
  );

  test("of JSON hold the same values, whatever is escaped", () => {
    const { lines, log } = linesOf("json");
    const id = "a\n\u001B\u009B\u202E\u2028\u{E0041}";
    log.warn("a", { id });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ id });
  });

  test("below the level asked for are not written", () => {
    const { lines, log } = linesOf("text", "warn");
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines.map((line) => line.slice(-1))).toEqual(["c", "d"]);
    const silent = linesOf("text", "silent");
    silent.log.error("a");
    expect(silent.lines).toEqual([]);
  });

  test("go to a logger of the user's own, as far as they are serious enough", () => {
    const { lines, log } = linesOf("json");
    const own = leveled(log, "warn");
    for (const level of ["debug", "info", "warn", "error"] as const) own[level]("line", { n: 1 });
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(["warn", "error"]);
  });

  test("carry the fields of whom they are about", () => {
    const { lines, log } = linesOf("json");
    const about = withFields(log, { id: "8f5d" });
    for (const level of ["debug", "info", "warn", "error"] as const) about[level]("line", { n: 1 });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      ["debug", "info", "warn", "error"].map((level) => expect.objectContaining({ level, id: "8f5d", n: 1 })),
    );
  });

  test("keep their own fields: others of the same name get an underscore", () => {
    const { lines, log } = linesOf("json");
    const fields = { level: "fatal", id: 7, task: "other", message: "forged", time: 0, n: 1 };
    withFields(log, { task: "tasks.add", id: "8f5d" }).info("half way", fields);
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      time: "2026-11-22T10:00:00.123Z",
      level: "info",
      message: "half way",
      task: "tasks.add",
      id: "8f5d",
      level_: "fatal",
      id_: 7,
      task_: "other",
      message_: "forged",
      time_: 0,
      n: 1,
    });
  });

  test.each(["text", "json"] as const)("are written whatever their fields are, as %s", (format) => {
    const { lines, log } = linesOf(format);
    const loop: Record<string, unknown> = { n: 1 };
    loop["loop"] = loop;
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const bad = {
      get a(): never {
        throw new Error("no");
      },
    };
    const own = withFields(log, { task: "tasks.add", id: "8f5d" });
    for (const fields of [{ loop }, { proxy }, proxy, bad, { bad }, { err: new Error("boom") }, new Error("boom")])
      own.info("line", fields);
    expect(lines).toHaveLength(7);
    expect(lines.slice(-2).every((line) => line.includes("boom") && line.includes("log-lines.test.ts"))).toBe(true);
  });
});
