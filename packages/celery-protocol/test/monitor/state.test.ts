import { describe, expect, test } from "vitest";
import { decodeEvents } from "../../src/event/codec.ts";
import type { CeleryEvent } from "../../src/event/event.ts";
import { ClusterState, type TaskSelection } from "../../src/monitor/state.ts";
import { isAlive } from "../../src/monitor/worker.ts";
import { pythonContent, recorded } from "../support/recorded.ts";
import { wireMessage } from "../support/vectors.ts";

const now = 1_795_343_351_000;
const w1 = { hostname: "w1@lab", pid: 7, timestamp: now / 1_000, clock: 1 };
const online: CeleryEvent = { ...w1, type: "worker-online", freq: 2, active: 0, processed: 5, swIdent: "leveret" };
const heartbeat: CeleryEvent = { ...w1, type: "worker-heartbeat", freq: 2, active: 1, processed: 6 };
const offline: CeleryEvent = { ...w1, type: "worker-offline", freq: 2 };

function received(uuid: string, clock: number, more: object = {}): CeleryEvent {
  return { ...w1, type: "task-received", uuid, clock, name: `demo.${uuid}`, ...more };
}

function stateOf(...events: readonly CeleryEvent[]): ClusterState {
  const state = new ClusterState();
  for (const event of events) state.apply(event, now);
  return state;
}

function ids(state: ClusterState, selection?: TaskSelection): readonly string[] {
  return state.tasks(selection).map(({ uuid }) => uuid);
}

describe("what is remembered", () => {
  test("is bounded in characters, the oldest going first", () => {
    const state = new ClusterState({ maxCharacters: 10_000 });
    for (let n = 0; n < 20; n += 1) state.apply(received(`t${n}`, n, { args: "x".repeat(1_000) }), now);
    expect(state.tasks().length).toBeLessThan(10);
    expect(state.task("t19")).not.toBeNull();
    state.clear({ all: true });
    state.apply(received("again", 30, { args: "x".repeat(8_000) }), now);
    expect(ids(state)).toEqual(["again"]);
  });

  test("holds no worker and no task whose name nobody makes", () => {
    const state = stateOf({ ...online, hostname: "w".repeat(2_000) }, received("t".repeat(2_000), 1));
    expect(state.tasks()).toEqual([]);
    expect(state.workers().map(({ hostname }) => hostname)).toEqual(["w1@lab"]);
  });
});

describe("the workers of a cluster", () => {
  test.each<[string, readonly CeleryEvent[], number, readonly string[]]>([
    ["who came", [online], now + 3_999, ["w1@lab"]],
    ["not who was silent for twice its interval", [online], now + 4_000, []],
    ["who never said its interval, for two minutes", [{ ...w1, type: "worker-online" }], now + 119_999, ["w1@lab"]],
    ["not who went", [online, offline], now, []],
    ["who came back", [online, offline, heartbeat], now, ["w1@lab"]],
    ["who works", [received("a", 2)], now, ["w1@lab"]],
    ["not who only says that it goes", [offline], now, []],
    ["who joins in elections", [{ ...w1, type: "worker-elect", id: "e" }], now, ["w1@lab"]],
    ["not who sends tasks", [{ ...w1, type: "task-sent", uuid: "a" }], now, []],
    ["nobody for other events", [{ ...w1, type: "custom", customType: "build-done" }], now, []],
  ])("are, alive, %s", (_, events, at, alive) => {
    const workers = stateOf(...events).aliveWorkers(at);
    expect(workers.map(({ hostname }) => hostname)).toEqual(alive);
  });

  test("are known by what they said last", () => {
    expect(stateOf(online, { ...heartbeat, clock: 9 }).worker("w1@lab")).toEqual({
      hostname: "w1@lab",
      pid: 7,
      freq: 2,
      heardAtMs: now,
      clock: 9,
      active: 1,
      processed: 6,
      loadavg: null,
      swIdent: "leveret",
      swVer: null,
      swSys: null,
    });
    expect(stateOf(offline).worker("w1@lab")).toBeNull();
    expect(stateOf(online, offline).workers()).toHaveLength(1);
  });

  test("are not made older by an old event", () => {
    const state = stateOf(online);
    state.apply(heartbeat, now - 60_000);
    state.apply(received("a", 2, { timestamp: 5 }), now);
    expect(state.worker("w1@lab")?.heardAtMs).toBe(now);
    expect(state.workers().every((worker) => isAlive(worker, now))).toBe(true);
  });

  test("are as many as it may remember, those heard of first forgotten", () => {
    const state = new ClusterState({ maxWorkers: 2 });
    for (const hostname of ["a", "b", "a", "c"]) state.apply({ ...heartbeat, hostname }, now);
    expect(state.workers().map(({ hostname }) => hostname)).toEqual(["b", "c"]);
  });
});

describe("the tasks of a cluster", () => {
  test("come in the order in which something last happened to them", () => {
    const started: CeleryEvent = { ...w1, type: "task-started", uuid: "a", clock: 9 };
    const state = stateOf(received("a", 2), received("b", 4), received("c", 3), started);
    expect(ids(state)).toEqual(["a", "b", "c"]);
    expect(ids(state, { limit: 1 })).toEqual(["a"]);
  });

  test("of equal clocks by who told, of none by time", () => {
    const from = (uuid: string, hostname: string): CeleryEvent => received(uuid, 5, { hostname });
    expect(ids(stateOf(from("a", "y"), from("b", "z"), from("c", "x")))).toEqual(["b", "a", "c"]);
    const at = (uuid: string, timestamp: number): CeleryEvent => received(uuid, 0, { timestamp });
    expect(ids(stateOf(at("a", 1), at("b", 3), at("c", 2)))).toEqual(["b", "c", "a"]);
  });

  test("are found by name, worker and state", () => {
    const state = stateOf(
      received("a", 1),
      received("b", 2, { hostname: "w2@lab" }),
      { ...w1, type: "task-succeeded", uuid: "a", clock: 3 },
      { ...w1, type: "task-started", uuid: "unnamed", clock: 4 },
    );
    expect(ids(state, { name: "demo.a" })).toEqual(["a"]);
    expect(ids(state, { worker: "w2@lab" })).toEqual(["b"]);
    expect(ids(state, { state: "SUCCESS", worker: "w1@lab" })).toEqual(["a"]);
    expect(state.taskTypes()).toEqual(["demo.a", "demo.b"]);
    expect(state.task("a")?.state).toBe("SUCCESS");
    expect(state.task("z")).toBeNull();
    expect([state.eventCount, state.taskCount]).toEqual([4, 2]);
  });

  test("are as many as it may remember; a parent stays as long as its children are heard of", () => {
    const state = new ClusterState({ maxTasks: 3 });
    const child = { parentId: "p" };
    for (const event of [received("p", 1), received("a", 2), received("b", 3, child), received("c", 4, child)])
      state.apply(event, now);
    expect(ids(state)).toEqual(["c", "b", "p"]);
  });

  test("are forgotten when they have ended, or all at once", () => {
    const state = stateOf(received("a", 1), received("b", 2), { ...w1, type: "task-failed", uuid: "a", clock: 3 });
    state.clear();
    expect(ids(state)).toEqual(["b"]);
    expect(state.workers()).toHaveLength(1);
    state.clear({ all: true });
    expect([state.tasks(), state.workers(), state.eventCount, state.taskCount]).toEqual([[], [], 0, 0]);
  });

  test("are also what custom events of their group name, and only those", () => {
    const custom = (customType: string, more: object): CeleryEvent => ({ ...w1, type: "custom", customType, ...more });
    const state = stateOf(
      custom("task-halfway", { extra: { uuid: "a" } }),
      custom("task-halfway", { extra: { uuid: 5 } }),
      custom("task-halfway", {}),
      custom("build-done", { extra: { uuid: "b" } }),
    );
    expect(state.tasks().map(({ uuid, state: name }) => [uuid, name])).toEqual([["a", "HALFWAY"]]);
    expect(state.eventCount).toBe(4);
  });
});

describe("the recorded events", () => {
  const events = recorded("event").flatMap(([, vector]) => decodeEvents(wireMessage(vector), pythonContent));

  test("tell of workers and of tasks in all states", () => {
    const state = stateOf(...events.toSorted((first, second) => first.timestamp - second.timestamp));
    expect(state.eventCount).toBe(events.length);
    expect(new Set(state.tasks().map((task) => task.state))).toEqual(
      new Set("PENDING RECEIVED STARTED SUCCESS FAILURE RETRY REVOKED REJECTED CANCELLED CUSTOM-THING".split(" ")),
    );
    expect(state.workers().length).toBeGreaterThan(0);
  });
});
