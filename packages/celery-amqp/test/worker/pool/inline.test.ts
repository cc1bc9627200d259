import { newTask } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import type { TaskContext } from "../../../src/task/context.ts";
import { defineTask } from "../../../src/task/definition.ts";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { InlinePool } from "../../../src/worker/pool/inline.ts";
import type { Job } from "../../../src/worker/pool/running/job.ts";
import { SoftTimeLimitExceeded, TaskRevoked } from "../../../src/task/stop-reasons.ts";
import type { Outcome } from "../../../src/worker/rules/outcome.ts";

interface Run {
  readonly context: TaskContext;
  /** Lets the handler end. */
  readonly end: () => void;
}

/** A pool whose one task goes on until it is let go, or until its signal is aborted where it listens. */
function poolOfGates({ listens = false } = {}) {
  const runs: Run[] = [];
  const outcomes: Outcome[] = [];
  const task = defineTask("gate", (context) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    if (listens) context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
    runs.push({ context, end: () => resolve("done") });
    return promise;
  });
  const pool = new InlinePool({
    size: 2,
    clock: createFakeClock(),
    host: {
      setState: async () => {},
      sendEvent: async () => {},
      addToChord: async () => [],
      hostname: "celery@box",
      senderFor: () => {
        throw new Error("nothing is sent here");
      },
      logFor: () => console,
    },
    intercept: null,
    longRun: null,
    runnable: () => ({ definition: task, handler: task.run as () => unknown }),
    onRunawayEnd: () => {},
  });
  const run = (id: string): void => {
    const job: Job = { task: newTask({ id, task: "gate" }), policy: task.policy, redelivered: false };
    pool.run(job, (outcome) => outcomes.push(outcome));
  };
  return { pool, runs, outcomes, run };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the inline pool", () => {
  test("aborts every run of a task with the reason given, and no other", async () => {
    const { pool, runs, outcomes, run } = poolOfGates({ listens: true });
    for (const id of ["twice", "twice", "other"]) run(id);
    const reason = new SoftTimeLimitExceeded(5000);
    expect(pool.abort("twice", reason)).toBe(true);
    await turn();
    expect(runs.map(({ context }) => context.signal.aborted)).toEqual([true, true, false]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["failed", "failed"]);
    expect(outcomes[0]).toMatchObject({ failure: { exception: { type: "SoftTimeLimitExceeded" }, error: reason } });
    runs[2]?.end();
  });

  test("terminates every run of a task at once; handlers that go on are runaways until they end", async () => {
    const { pool, runs, outcomes, run } = poolOfGates();
    for (const id of ["twice", "twice", "other"]) run(id);
    expect(pool.terminate("twice")).toBe(true);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["terminated", "terminated"]);
    expect(runs[0]?.context.signal.reason).toBeInstanceOf(TaskRevoked);
    expect(pool.runaways).toBe(2);
    for (const { end } of runs) end();
    await turn();
    expect(outcomes.map(({ kind }) => kind)).toEqual(["terminated", "terminated", "succeeded"]);
    expect(pool.runaways).toBe(0);
  });

  test("says where a task does not run here", () => {
    const { pool } = poolOfGates();
    expect(pool.abort("elsewhere", new Error("no"))).toBe(false);
    expect(pool.terminate("elsewhere")).toBe(false);
  });

  test("takes another size", () => {
    const { pool } = poolOfGates();
    pool.resize(7);
    expect(pool.size).toBe(7);
  });

  test("abandons what runs when it stops", async () => {
    const { pool, runs, outcomes, run } = poolOfGates();
    run("id");
    await pool.stop();
    await pool.stop();
    expect(outcomes.map(({ kind }) => kind)).toEqual(["interrupted"]);
    runs[0]?.end();
  });
});
