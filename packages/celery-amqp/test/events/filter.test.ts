import type { CeleryEvent } from "@leveret/celery-protocol/events";
import { describe, expect, test } from "vitest";
import { createEventFilter, type EventFilters, monitorQueue } from "../../src/events/filter.ts";

const base = { hostname: "celery@web-1", timestamp: 1, clock: 1 };
const received = (uuid: string, name: string): CeleryEvent => ({ ...base, type: "task-received", uuid, name });
const started = (uuid: string): CeleryEvent => ({ ...base, type: "task-started", uuid });
const custom = (customType: string, extra = {}): CeleryEvent => ({ ...base, type: "custom", customType, extra });
const heartbeat: CeleryEvent = { ...base, type: "worker-heartbeat" };

describe("a monitor's filters", () => {
  test.each<[string, EventFilters, CeleryEvent, boolean]>([
    ["nothing", {}, heartbeat, true],
    ["a type", { types: ["worker-heartbeat"] }, heartbeat, true],
    ["another type", { types: ["worker-online"] }, heartbeat, false],
    ["a pattern of types", { types: ["task-*", "worker-*"] }, heartbeat, true],
    ["a type of one's own", { types: ["task-halfway"] }, custom("task-halfway"), true],
    ["the word that stands for those", { types: ["custom"] }, custom("task-halfway"), false],
    ["a host", { hostnames: ["celery@web-1"] }, heartbeat, true],
    ["a pattern of hosts", { hostnames: ["celery@db-*", "celery@web-?"] }, heartbeat, true],
    ["another host", { hostnames: ["celery@db-*"] }, heartbeat, false],
    ["both, of which one does not fit", { types: ["worker-*"], hostnames: ["other@host"] }, heartbeat, false],
    ["a task's name", { tasks: ["images.resize"] }, received("a", "images.resize"), true],
    ["a pattern of names", { tasks: ["mail.*", "images.*"] }, received("a", "images.resize"), true],
    ["another name", { tasks: ["mail.*"] }, received("a", "images.resize"), false],
    ["a task's name, for what is about none", { tasks: ["*"] }, heartbeat, false],
    ["a task's name, for a task never heard of", { tasks: ["*"] }, started("a"), false],
  ])("%s", (_, filters, event, passes) => {
    expect(createEventFilter(filters)(event)).toBe(passes);
  });

  test("know by its id the task that was received before, whatever else they want", () => {
    const passes = createEventFilter({ tasks: ["images.*"], types: ["task-started", "task-halfway"] });
    const heard = [
      received("a", "images.resize"),
      received("b", "mail.send"),
      started("a"),
      started("b"),
      custom("task-halfway", { uuid: "a" }),
      custom("task-halfway", { uuid: "b" }),
      custom("task-halfway", { uuid: 5 }),
    ];
    expect(heard.map(passes)).toEqual([false, false, true, false, true, false, false]);
  });

  test("remember the ids of ten thousand tasks, those that were named last", () => {
    const passes = createEventFilter({ tasks: ["*"] });
    for (let count = 0; count < 10_000; count += 1) passes(received(`t-${count}`, "mail.send"));
    passes(received("t-0", "mail.send"));
    passes(received("one more", "mail.send"));
    expect(["t-0", "t-1", "t-2", "one more"].map((uuid) => passes(started(uuid)))).toEqual([true, false, true, true]);
  });
});

describe("a monitor's queue", () => {
  test.each<[EventFilters, readonly string[]]>([
    [{}, ["#"]],
    [{ types: ["*"] }, ["#"]],
    [{ types: ["wor*"] }, ["#"]],
    [{ types: ["worker-online", "worker-offline"] }, ["worker.#"]],
    [{ types: ["worker-*", "task-failed", "build-done"] }, ["worker.#", "task.#", "build.#"]],
    [{ types: ["build-done"], tasks: ["mail.*"] }, ["build.#", "task.#"]],
    [{ hostnames: ["celery@web-1"] }, ["#"]],
  ])("for %j is bound by %j", (filters, keys) => {
    const { queue, bindings } = monitorQueue("m-1", filters);
    expect(bindings.map(({ routingKey }) => routingKey)).toEqual(keys);
    expect(bindings.every(({ source, destination }) => source === "celeryev" && destination === queue)).toBe(true);
  });

  test("is Celery's: for this connection, with events of five seconds, gone after a minute", () => {
    expect(monitorQueue("m-1", {})).toMatchObject({
      queue: "celeryev.m-1",
      exchanges: [{ name: "celeryev", type: "topic", durable: true, autoDelete: false }],
      queues: [
        {
          name: "celeryev.m-1",
          durable: false,
          autoDelete: true,
          exclusive: false,
          arguments: { "x-expires": 60_000, "x-message-ttl": 5_000 },
        },
      ],
    });
  });
});
