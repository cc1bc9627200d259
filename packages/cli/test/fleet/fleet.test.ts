import { ClusterState } from "@leveret/celery-protocol/events";
import { describe, expect, test } from "vitest";
import { nodesOnline, showAnswers } from "../../src/fleet/answers.ts";
import { commands } from "../../src/fleet/commands.ts";
import { inspections } from "../../src/fleet/inspections.ts";
import { screen } from "../../src/fleet/screen.ts";
import { recordedTerminal, run } from "../support/terminal.ts";

describe("answers read as those of Celery's command", () => {
  test.each<readonly [string, unknown, string]>([
    ["a pong", { ok: "pong" }, "->  w1@h: OK\n        pong\n"],
    ["a refusal", { error: "unknown task" }, "->  w1@h: ERROR\n        unknown task\n"],
    ["nothing", null, "->  w1@h: OK\n"],
    ["no tasks", [], "->  w1@h: OK\n        - empty -\n"],
    ["tasks", ["a", { id: 1 }], '->  w1@h: OK\n        * a\n        * {"id":1}\n'],
    ["numbers", { clock: 3 }, '->  w1@h: OK\n        {\n          "clock": 3\n        }\n'],
    ["what would command a terminal", { ok: "\u001B[2J" }, "->  w1@h: OK\n        \\u001b[2J\n"],
  ])("%s", (_, answer, text) => {
    expect(showAnswers({ "w1@h": answer }, recordedTerminal())).toBe(text);
  });

  test("nodes stand in order, and are counted", () => {
    expect(showAnswers({ "b@h": null, "a@h": null }, recordedTerminal())).toBe("->  a@h: OK\n->  b@h: OK\n");
    expect([nodesOnline(1), nodesOnline(2)]).toEqual(["1 node online.", "2 nodes online."]);
  });
});

describe("a usage error exits with 2", () => {
  test.each<readonly [readonly string[], RegExp]>([
    [["inspect", "frobnicate"], /There is no inspect command "frobnicate"\. Use active, active_queues/],
    [["inspect", "toString"], /There is no inspect command "toString"/],
    [["inspect", "ping", "x"], /arguments of inspect ping are wrong\. Give none/],
    [["inspect", "query_task"], /inspect query_task are wrong\. Give <id…>/],
    [["control", "rate_limit", "demo.add"], /control rate_limit are wrong\. Give <task> <rate>/],
    [["control", "pool_grow", "many"], /n is not an integer: "many"/],
    [["control", "time_limit", "demo.add", "soon"], /soft is not a number of seconds: "soon"/],
    [["control", "revoke_by_stamped_headers", "tenant"], /"tenant" is not a stamp\. Write name=value/],
    [["control", "broadcast", "cache_size", "[1]"], /arguments of the command: Give a JSON object/],
    [["control", "pool_grow", "--terminate"], /--terminate and --signal are options of revoke/],
    [["status", "-t", "soon"], /Give seconds/],
    [["events", "--limit", "0"], /integer from 1/],
  ])("%j", async (words, message) => {
    const { code, err, out } = await run(...words);
    expect(err).toMatch(message);
    expect([code, out]).toEqual([2, ""]);
  });
});

test("help lists every question and every command with what it takes", async () => {
  const { out: questions } = await run("inspect", "--help");
  for (const name of Object.keys(inspections)) expect(questions).toMatch(new RegExp(`^  ${name} `, "m"));
  const { out: told } = await run("control", "--help");
  for (const name of Object.keys(commands)) expect(told).toMatch(new RegExp(`^  ${name} `, "m"));
});

test("the screen shows workers, and the latest tasks as far as there is room", () => {
  const state = new ClusterState();
  const stamp = { hostname: "w1@h", utcoffset: 0, pid: 1, clock: 1, timestamp: 1_767_225_600 };
  const beat = {
    freq: 2,
    active: 1,
    processed: 7,
    loadavg: [0.5, 0, 0],
    swIdent: "leveret",
    swVer: "1",
    swSys: "Linux",
  };
  state.apply({ ...stamp, ...beat, type: "worker-heartbeat" }, 0);
  for (const [index, uuid] of ["t1", "t2", "t3"].entries())
    state.apply(
      {
        ...stamp,
        timestamp: stamp.timestamp + index,
        clock: 2 + index,
        type: "task-succeeded",
        uuid,
        result: "3",
        runtime: 0.25,
      },
      0,
    );
  const size = { rows: 9, columns: 100 };
  const lines = screen(state, 1_767_225_603_000, size).split("\n");
  expect(lines[0]).toBe("4 events, 0 tasks received; Ctrl-C stops");
  expect(lines.slice(2, 4).map((line) => line.split(/ {2,}/))).toEqual([
    ["WORKER", "STATE", "ACTIVE", "PROCESSED", "LOAD", "VERSION"],
    ["w1@h", "online", "1", "7", "0.50", "leveret 1"],
  ]);
  expect(lines[6]?.split(/ {2,}/)).toEqual(["00:00:02", "?", "t3", "SUCCESS", "w1@h", "0.250 s"]);
  expect(lines).toHaveLength(8);
  expect(screen(state, 1_767_226_200_000, size)).toContain("offline");
});
