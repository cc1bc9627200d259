import { describe, expect, test } from "vitest";
import {
  nextState,
  workerTransitions,
  type WorkerMove,
  type WorkerState,
} from "../../../src/worker/rules/lifecycle.ts";

describe("the life of a worker", () => {
  const states = Object.keys(workerTransitions) as WorkerState[];
  const moves: readonly WorkerMove[] = ["start", "started", "failed", "stop", "drained"];

  const all = states.flatMap((state) => moves.map((move) => [state, move, workerTransitions[state][move]] as const));

  test.each(all.filter(([, , next]) => next !== undefined))("%s, %s: %s", (state, move, next) => {
    expect(nextState(state, move)).toBe(next);
  });

  test.each(all.filter(([, , next]) => next === undefined))("%s cannot %s", (state, move) => {
    expect(nextState(state, move)).toBeNull();
  });
});
