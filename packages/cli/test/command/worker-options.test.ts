import { defineTask } from "@leveret/celery-amqp";
import { expect, test } from "vitest";
import { workerOptions, type WorkerFlags, withHandlers } from "../../src/command/worker-options.ts";
import { UsageError } from "../../src/terminal/terminal.ts";

const plain = defineTask("plain", () => null);
const declared = defineTask<() => null>("declared");
const module = { url: "file:///srv/tasks.ts", tasks: [plain] };

test.each<readonly [WorkerFlags, object]>([
  [{}, { pool: "inline" }],
  [{ queues: ["a", "b"] }, { queues: ["a", "b"] }],
  [{ concurrency: 3 }, { concurrency: 3 }],
  [{ hostname: "w1@%h" }, { name: "w1@%h" }],
  [{ loglevel: "warn" }, { logLevel: "warn" }],
  [{ pool: "solo" }, { pool: "inline", concurrency: 1 }],
  [{ pool: "threads" }, { pool: { kind: "threads", module: new URL(module.url) } }],
  [
    { pool: "processes", maxTasksPerChild: 3, maxMemoryPerChild: 200_000 },
    { pool: { kind: "processes", module: new URL(module.url), maxTasksPerChild: 3, maxMemoryPerChild: "200000KiB" } },
  ],
  [{ taskEvents: true }, { events: true }],
  [{ chords: "rabbitmq" }, { chords: "rabbitmq" }],
  [{ statedb: "revoked.json" }, { stateFile: "revoked.json" }],
  [
    { grace: "5s", logFormat: "json", healthPort: 0 },
    { grace: "5s", logFormat: "json", health: { port: 0 } },
  ],
  [{ healthPort: 0, healthHost: "127.0.0.1" }, { health: { port: 0, host: "127.0.0.1" } }],
  [{ allowControl: ["ping"] }, { remoteControl: { allow: ["ping"] } }],
  [{ denyControl: ["shutdown"] }, { remoteControl: { deny: ["shutdown"] } }],
])("flags %j are options %j", (flags, options) => {
  expect(workerOptions(flags, module)).toEqual({ pool: "inline", tasks: [plain], ...options });
});

test("time limits are for the tasks that have none of their own", () => {
  const { taskDefaults } = workerOptions({ timeLimit: 60, softTimeLimit: "1.5s" }, module);
  expect(taskDefaults).toEqual({ timeLimit: 60, softTimeLimit: "1.5s" });
});

test("commands of remote control are allowed or denied, not both", () => {
  expect(() => workerOptions({ allowControl: ["ping"], denyControl: ["shutdown"] }, module)).toThrow(UsageError);
});

test("tasks without a handler are told apart; none with one is a mistake", () => {
  expect(withHandlers([plain, declared])).toEqual({ runnable: [plain], missing: [declared] });
  expect(() => withHandlers([declared])).toThrow("Export tasks with handlers");
});
