import { describe, expect, test } from "vitest";
import type { CeleryEvent } from "../../src/event/event.ts";
import { type AnyTaskEvent, nextTask, unheardTask } from "../../src/monitor/task.ts";
import { permutationsOf } from "../support/permutations.ts";

const base = { hostname: "w1@lab", uuid: "t-1" };
const sent = { ...base, type: "task-sent", hostname: "gen1@lab", name: "demo.add", queue: "q", retries: 0 } as const;
const received = { ...base, type: "task-received", name: "demo.add", args: "(2, 3)", retries: 1 } as const;
const started = { ...base, type: "task-started" } as const;
const succeeded = { ...base, type: "task-succeeded", result: "5", runtime: 0.5 } as const;
const failed = { ...base, type: "task-failed", exception: "ValueError('x')", traceback: "Traceback" } as const;
const retried = { ...base, type: "task-retried", exception: "ValueError('x')", traceback: null } as const;
const revoked = { ...base, type: "task-revoked", terminated: true, signum: 15, expired: false } as const;
const rejected = { ...base, type: "task-rejected", requeue: true } as const;
const cancelled = { ...base, type: "task-cancelled" } as const;
const halfway = {
  hostname: "w1@lab",
  type: "custom",
  customType: "task-halfway",
  extra: { uuid: "t-1", at: 50 },
} as const;

type Told = Omit<AnyTaskEvent, "timestamp" | "clock">;

/** The task after these, each a second and a tick later than the one before. */
function after(...events: readonly Told[]) {
  const timed = events.map((event, at) => Object.assign({ timestamp: at + 1, clock: 10 + at }, event) as CeleryEvent);
  return timed.reduce((task, event) => nextTask(task, event as AnyTaskEvent), unheardTask("t-1"));
}

describe("the state of a task", () => {
  test.each<[string, readonly Told[]]>([
    ["PENDING", [sent]],
    ["RECEIVED", [sent, received]],
    ["STARTED", [sent, received, started]],
    ["SUCCESS", [received, started, succeeded]],
    ["FAILURE", [received, started, failed]],
    ["RETRY", [received, started, retried]],
    ["REVOKED", [received, revoked]],
    ["REJECTED", [rejected, sent]],
    ["CANCELLED", [received, started, cancelled]],
    ["HALFWAY", [received, started, halfway]],
    // late
    ["RECEIVED", [received, sent]],
    ["STARTED", [started, received, sent]],
    ["SUCCESS", [succeeded, started, received, sent]],
    ["SUCCESS", [succeeded, failed]],
    ["SUCCESS", [failed, succeeded]],
    ["FAILURE", [failed, revoked, started]],
    ["REVOKED", [revoked, started, received]],
    ["RECEIVED", [received, rejected]],
    ["CANCELLED", [cancelled, started, received]],
    ["SUCCESS", [succeeded, halfway]],
    // a retry begins anew
    ["RETRY", [succeeded, retried]],
    ["RECEIVED", [received, started, retried, received]],
    ["PENDING", [retried, sent]],
    ["SUCCESS", [received, retried, received, started, succeeded]],
  ])("is %s after %j", (state, events) => {
    expect(after(...events).state).toBe(state);
  });

  test("does not depend on the order, where nothing was retried", () => {
    for (const order of permutationsOf([sent, received, started, succeeded])) {
      expect(after(...order)).toMatchObject({
        state: "SUCCESS",
        name: "demo.add",
        args: "(2, 3)",
        queue: "q",
        result: "5",
        runtime: 0.5,
        client: "gen1@lab",
        worker: "w1@lab",
      });
    }
  });
});

describe("what is known of a task", () => {
  test("grows with each event", () => {
    expect(after(sent, received, started, succeeded)).toEqual({
      ...unheardTask("t-1"),
      name: "demo.add",
      state: "SUCCESS",
      client: "gen1@lab",
      worker: "w1@lab",
      sent: 1,
      received: 2,
      started: 3,
      succeeded: 4,
      timestamp: 4,
      clock: 13,
      args: "(2, 3)",
      retries: 1,
      queue: "q",
      result: "5",
      runtime: 0.5,
    });
  });

  test("takes from a late task-received the description alone, and when it was", () => {
    expect(after(started, received)).toMatchObject({
      state: "STARTED",
      name: "demo.add",
      retries: 1,
      received: 2,
      timestamp: 1,
      clock: 10,
    });
  });

  test("takes from another late event all that it tells", () => {
    expect(after(succeeded, started)).toMatchObject({ state: "SUCCESS", started: 2, timestamp: 2, clock: 11 });
  });

  test("keeps what is null apart from what was not told", () => {
    const { traceback: _, ...short } = failed;
    expect(after(failed, { ...failed, traceback: null } as Told).traceback).toBeNull();
    expect(after(failed, short).traceback).toBe("Traceback");
  });

  test("holds what custom events tell, the latest of each name", () => {
    const done = { ...halfway, customType: "task-nearly-there", extra: { uuid: "t-1", at: 90 } } as const;
    expect(after(received, halfway, done)).toMatchObject({ state: "NEARLY-THERE", extra: { uuid: "t-1", at: 90 } });
  });
});
