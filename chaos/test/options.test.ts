import { describe, expect, test } from "vitest";
import { parseCommand, replayCommand } from "../options.ts";

const parse = (...args: string[]) => parseCommand(args, () => 99);

test("everything has a default", () => {
  expect(parse()).toEqual({
    do: "run",
    write: false,
    options: {
      seconds: 60,
      seed: 99,
      version: "3.10",
      nodes: 1,
      publishers: 2,
      pools: ["inline", "threads", "processes"],
      rate: 40,
      chords: 60,
      keep: null,
    },
  });
});

test("the replay command asks for the same run", () => {
  const asked = parse(
    "--seed",
    "5",
    "--seconds",
    "9",
    "--version",
    "4.3",
    "--nodes",
    "3",
    "--pool",
    "inline,threads",
    "--chords",
    "100",
  );
  if (asked.do !== "run") throw new Error("it was refused");
  expect(parse(...replayCommand(asked.options).split(" ").slice(2))).toEqual(asked);
});

test("help and schedule are other things to do", () => {
  expect(parse("--help")).toEqual({ do: "help" });
  expect(parse("--schedule")).toMatchObject({ do: "schedule" });
});

describe("wrong use is refused with a reason", () => {
  test.each([
    [["--seconds", "0"], '--seconds is "0": it must be an integer from 1 to 86400'],
    [["--seed", "x"], '--seed is "x": it must be an integer from 0 to 4294967295'],
    [["--chords", "3"], '--chords is "3": it must be an integer from 4 to 10000'],
    [["--version", "3.9"], '--version is "3.9": it must be one of 3.10, 4.3'],
    [["--nodes", "2"], "--nodes is 2: two nodes have no majority; take 1 or 3"],
    [["--pool", "inline,green"], '--pool is "green": it must be one of inline, threads, processes'],
    [["--colour"], "Unknown option '--colour'"],
    [["stray"], "Unexpected argument 'stray'"],
  ])("%j", (args, complaint) => {
    expect(parse(...args)).toMatchObject({ do: "refuse", complaint: expect.stringContaining(complaint) as string });
  });
});
