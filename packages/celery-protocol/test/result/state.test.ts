import { describe, expect, test } from "vitest";
import { EXCEPTION_STATES, isBuiltinState, isReady, precedence, PROPAGATE_STATES } from "../../src/result/state.ts";

describe("states", () => {
  // celery/states.py
  test.each([
    ["PENDING", false, false, false, true],
    ["RECEIVED", false, false, false, true],
    ["STARTED", false, false, false, true],
    ["SUCCESS", true, false, false, true],
    ["FAILURE", true, true, true, true],
    ["RETRY", false, true, false, true],
    ["REVOKED", true, true, true, true],
    ["IGNORED", false, false, false, true],
    ["REJECTED", false, false, false, true],
    ["PROGRESS", false, false, false, false],
    ["success", false, false, false, false],
  ])("%s: ready %s, exception %s, thrown %s, built in %s", (state, ready, exception, thrown, builtin) => {
    expect([isReady(state), EXCEPTION_STATES.has(state), PROPAGATE_STATES.has(state), isBuiltinState(state)]).toEqual([
      ready,
      exception,
      thrown,
      builtin,
    ]);
  });

  test("are ordered by how much they say", () => {
    const order = ["SUCCESS", "FAILURE", "PROGRESS", "REVOKED", "STARTED", "RECEIVED", "REJECTED", "RETRY", "PENDING"];
    expect(order.toReversed().toSorted((one, other) => precedence(one) - precedence(other))).toEqual(order);
    expect(precedence("IGNORED")).toBe(precedence("PROGRESS"));
  });
});
