import { createContent, newTask } from "@leveret/celery-protocol";
import { describe, expect, test } from "vitest";
import type { LogFields, Logger } from "../../../../src/ports/logger.ts";
import { createNoResults } from "../../../../src/results/none.ts";
import { defineTask } from "../../../../src/task/definition.ts";
import { createFakeClock } from "../../../../src/testing/fake-clock.ts";
import type { ChildEvents, StartChild } from "../../../../src/worker/pool/children/child.ts";
import { AwaitedTasks } from "../../../../src/worker/pool/running/awaited-tasks.ts";
import { ChildPool } from "../../../../src/worker/pool/children/child-pool.ts";
import { pack } from "../../../../src/worker/pool/pipe/serialization.ts";
import type { FromChild, ToChild } from "../../../../src/worker/pool/pipe/messages.ts";
import { TaskRevoked } from "../../../../src/task/stop-reasons.ts";
import type { Outcome } from "../../../../src/worker/rules/outcome.ts";

// Children that a test plays itself, to see the pool in moments that real ones pass too quickly.

interface PlayedChild {
  readonly got: ToChild[];
  readonly tell: (message: FromChild) => void;
  readonly exit: (reason: string) => void;
  isKilled: boolean;
}

const { policy } = defineTask("demo.task", { timeLimit: 10 });

function poolOf({ size = 1, maxTasks = null as number | null } = {}) {
  const clock = createFakeClock();
  const children: PlayedChild[] = [];
  const lines: { text: string; fields: LogFields }[] = [];
  const outcomes: Record<string, Outcome> = {};
  const startChild: StartChild = (events: ChildEvents) => {
    const child: PlayedChild = {
      got: [],
      tell: (message) => events.onMessage(message),
      exit: (reason) => events.onExit(reason),
      isKilled: false,
    };
    children.push(child);
    return {
      name: `child ${children.length}`,
      pid: null,
      send: (message) => void child.got.push(message),
      kill: () => void (child.isKilled = true),
    };
  };
  const at =
    (level: string) =>
    (text: string, fields: LogFields = {}): void =>
      void lines.push({ text: `${level} ${text}`, fields });
  const log: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const pool = new ChildPool({
    clock,
    log,
    size,
    startChild,
    intercept: null,
    returns: () => null,
    watchesResults: () => true,
    tasks: () => ["demo.task"],
    module: { url: "file:///tasks.js", exports: null },
    settings: {
      origin: "celery@test",
      countsChords: false,
      inheritsPriority: false,
      budget: createContent().budget,
    },
    startTimeoutMs: 60_000,
    recycle: { maxTasks, maxMemoryBytes: null },
    services: {
      planner: {
        routeOf: () => {
          throw new Error("nothing is sent here");
        },
      },
      awaited: new AwaitedTasks(clock, log),
      dispatch: { send: async () => {} },
      source: createNoResults("none are awaited here"),
      revoke: async () => {},
      setState: async () => {},
      sendEvent: async () => {},
      addToChord: async () => [],
      logFor: () => log,
    },
  });
  const run = (id: string): void =>
    pool.run({ task: newTask({ id, task: "demo.task" }), policy, redelivered: false }, (outcome) => {
      outcomes[id] = outcome;
    });
  const ready = (child: PlayedChild | undefined): void => child?.tell({ type: "ready", tasks: ["demo.task"] });
  /** Ends what the child was last given. */
  const done = (child: PlayedChild | undefined): void => {
    const last = child?.got.findLast(({ type }) => type === "run");
    if (last?.type !== "run") throw new Error("the child was given nothing");
    child?.tell({ type: "done", run: last.run, ending: pack({ kind: "succeeded", result: 1 }), memoryBytes: 1 });
  };
  const started = async (): Promise<void> => {
    const start = pool.start();
    ready(children[0]);
    await start;
  };
  const kinds = (): Record<string, string> =>
    Object.fromEntries(Object.entries(outcomes).map(([id, { kind }]) => [id, kind]));
  return { pool, clock, children, lines, run, ready, done, started, kinds, outcomes };
}

describe("a pool of children", () => {
  test("starts one child, then the others; runs wait in line for a free one", async () => {
    const { children, started, ready, run, done, kinds } = poolOf({ size: 2 });
    await started();
    expect(children).toHaveLength(2);
    for (const id of ["a", "b", "c"]) run(id);
    expect(children.map(({ got }) => got.map(({ type }) => type))).toEqual([["load", "run"], ["load"]]);
    ready(children[1]);
    done(children[1]);
    expect(kinds()).toEqual({ b: "succeeded" });
    done(children[1]);
    done(children[0]);
    expect(kinds()).toEqual({ a: "succeeded", b: "succeeded", c: "succeeded" });
  });

  test("kills a child at its task's hard limit, and tells nothing that it says after that", async () => {
    const { children, clock, started, ready, run, done, outcomes, kinds } = poolOf();
    await started();
    run("slow");
    run("next");
    await clock.advance(10_000);
    expect(outcomes["slow"]).toMatchObject({ kind: "timed-out", limitMs: 10_000, runtimeMs: 10_000 });
    expect(children).toHaveLength(2);
    expect(children[0]?.isKilled).toBe(true);
    done(children[0]);
    children[0]?.exit("signal 9 (SIGKILL)");
    ready(children[1]);
    done(children[1]);
    expect(kinds()).toEqual({ slow: "timed-out", next: "succeeded" });
  });

  test("aborts and terminates every run of a task, in line too", async () => {
    const { pool, children, started, ready, run, kinds } = poolOf({ size: 2 });
    await started();
    ready(children[1]);
    for (const id of ["twice", "other", "twice"]) run(id);
    expect(pool.abort("twice", new TaskRevoked("user left"))).toBe(true);
    expect(children[0]?.got.at(-1)).toMatchObject({ type: "abort" });
    expect(pool.terminate("twice")).toBe(true);
    expect(kinds()).toEqual({ twice: "terminated" });
    expect([pool.terminate("twice"), pool.abort("nobody", new TaskRevoked())]).toEqual([false, false]);
    expect(children.map(({ isKilled }) => isKilled)).toEqual([true, false, false]);
  });

  test("loses a run with its child, and replaces that at once", async () => {
    const { children, lines, started, run, outcomes } = poolOf();
    await started();
    run("lost");
    children[0]?.exit("signal 11 (SIGSEGV)");
    expect(outcomes["lost"]).toMatchObject({
      kind: "worker-lost",
      reason: "Worker exited prematurely: signal 11 (SIGSEGV)",
    });
    expect(children).toHaveLength(2);
    expect(lines).toMatchObject([
      { text: "warn a child of the pool died and is replaced", fields: { child: "child 1" } },
    ]);
  });

  test("waits longer and longer where children die before they run anything", async () => {
    const { children, lines, clock, started, ready, run, done } = poolOf();
    await started();
    const waits = [200, 400, 800, 1_600];
    for (const [tries, waitMs] of waits.entries()) {
      children[tries]?.exit("exit code 1");
      await clock.advance(waitMs - 1);
      expect(children).toHaveLength(tries + 1);
      await clock.advance(1);
      expect(children).toHaveLength(tries + 2);
    }
    expect(lines.map(({ fields }) => fields["nextTryMs"])).toEqual(waits);
    ready(children[4]);
    run("good");
    done(children[4]);
    children[4]?.exit("exit code 1");
    expect(children).toHaveLength(6);
  });

  test("replaces a child that has run enough, between two runs", async () => {
    const { children, started, ready, run, done, kinds } = poolOf({ maxTasks: 2 });
    await started();
    for (const id of ["a", "b", "c"]) run(id);
    done(children[0]);
    done(children[0]);
    expect(children[0]?.got.at(-1)).toEqual({ type: "close" });
    expect(children).toHaveLength(2);
    ready(children[1]);
    done(children[1]);
    expect(kinds()).toEqual({ a: "succeeded", b: "succeeded", c: "succeeded" });
    expect(children[0]?.isKilled).toBe(false);
  });

  test("takes another size: starts what is missing, ends what is too many when it is idle", async () => {
    const { pool, children, started, ready, run, done } = poolOf();
    await started();
    pool.resize(3);
    expect(children).toHaveLength(3);
    for (const child of children.slice(1)) ready(child);
    run("busy");
    pool.resize(1);
    expect(children.map(({ got }) => got.at(-1)?.type)).toEqual(["run", "close", "close"]);
    done(children[0]);
    expect(children[0]?.got.at(-1)?.type).toBe("run");
  });

  test("is not started by a module that does not answer in time", async () => {
    const { pool, children, clock } = poolOf();
    const start = pool.start();
    const refused = start.catch((error: unknown) => error);
    await clock.advance(60_000);
    expect(children[0]?.isKilled).toBe(true);
    children[0]?.exit("signal 9 (SIGKILL)");
    expect(await refused).toMatchObject({
      code: "pool-failed",
      message: expect.stringContaining("not ready after 60000 ms") as string,
    });
  });

  test("starts although its first children are killed", async () => {
    const { pool, children, clock, ready } = poolOf();
    const start = pool.start();
    children[0]?.exit("signal 9 (SIGKILL)");
    await clock.advance(200);
    children[1]?.exit("signal 9 (SIGKILL)");
    await clock.advance(400);
    ready(children[2]);
    await start;
    expect(clock.pending).toBe(0);
  });

  test("does not start where its children die without a word again and again", async () => {
    const { pool, children, clock } = poolOf();
    const refused = pool.start().catch((error: unknown) => error);
    for (const waitMs of [200, 400, 800]) {
      children.at(-1)?.exit("exit code 1");
      await clock.advance(waitMs);
    }
    expect(children).toHaveLength(4);
    children.at(-1)?.exit("exit code 1");
    expect(await refused).toMatchObject({
      code: "pool-failed",
      message: expect.stringContaining("exit code 1") as string,
    });
  });

  test("gives everything back when it stops, and leaves no timer behind", async () => {
    const { pool, children, clock, started, run, kinds } = poolOf();
    await started();
    run("runs");
    run("waits");
    const stopped = pool.stop();
    expect(kinds()).toEqual({ runs: "interrupted", waits: "interrupted" });
    expect(pool.runaways).toBe(1);
    children[0]?.exit("signal 9 (SIGKILL)");
    await stopped;
    expect([children.length, clock.pending, pool.runaways]).toEqual([1, 0, 0]);
  });
});
