import { expect, test } from "vitest";
import { type TaskDefaults, withDefaults } from "../../src/task/defaults.ts";
import { defineTask } from "../../src/task/definition.ts";
import type { TaskOptions } from "../../src/task/options.ts";
import type { TaskPolicy } from "../../src/task/policy.ts";
import { resolveWorker } from "../../src/worker/options/worker.ts";

const policyOf = (own: TaskOptions, defaults: TaskDefaults): TaskPolicy =>
  withDefaults(defineTask("t", { ...(own as object), run: () => null }), defaults).policy;

/** What a worker does with each option: of the task, of the defaults, and without either. */
const rows: readonly (readonly [
  option: keyof TaskDefaults,
  policy: keyof TaskPolicy,
  values: readonly [own: unknown, defaults: unknown],
  seen: readonly [own: unknown, defaults: unknown, nothing: unknown],
])[] = [
  ["acks", "acks", ["late", "early"], ["late", "early", "late"]],
  ["acksOnFailure", "acksOnFailure", [true, false], [true, false, true]],
  ["acksOnTimeout", "acksOnTimeout", [true, false], [true, false, true]],
  ["rejectOnWorkerLost", "rejectOnWorkerLost", [false, true], [false, true, false]],
  ["ignoreResult", "ignoreResult", [false, true], [false, true, false]],
  ["storeErrorsEvenIfIgnored", "storeErrorsEvenIfIgnored", [false, true], [false, true, false]],
  ["trackStarted", "trackStarted", [false, true], [false, true, false]],
  ["sendEvents", "sendEvents", [true, false], [true, false, true]],
  ["timeLimit", "timeLimitMs", ["1h", "5m"], [3_600_000, 300_000, null]],
  ["softTimeLimit", "softTimeLimitMs", ["1h", "5m"], [3_600_000, 300_000, null]],
  ["rateLimit", "ratePerSecond", [7, "3/s"], [7, 3, null]],
  ["rateLimit", "ratePerSecond", [null, "3/s"], [null, 3, null]],
];

test.each(rows)("%s of a task is stronger than the defaults, and they than nothing", (option, policy, values, seen) => {
  const [own, defaults] = values.map((value) => ({ [option]: value }));
  expect(policyOf(own ?? {}, defaults ?? {})[policy]).toEqual(seen[0]);
  expect(policyOf({}, defaults ?? {})[policy]).toEqual(seen[1]);
  expect(policyOf({}, {})[policy]).toEqual(seen[2]);
});

test("the options of retry count one by one, and false is none", () => {
  const defaults: TaskDefaults = { retry: { attempts: 9, delay: "5s" } };
  expect(policyOf({}, defaults).retry).toMatchObject({ automatic: true, attempts: 9, delayMs: 5_000 });
  expect(policyOf({ retry: { attempts: 2 } }, defaults).retry).toMatchObject({ attempts: 2, delayMs: 5_000 });
  expect(policyOf({ retry: false }, defaults).retry).toMatchObject({ automatic: false, attempts: 9 });
  expect(policyOf({ retry: {} }, { retry: false }).retry).toMatchObject({ automatic: true, attempts: 4 });
});

test("a worker gives them to its tasks, and keeps a task that has a word of its own", () => {
  const own = defineTask("own", { acks: "late", run: () => null });
  const other = defineTask("other", () => null);
  const { tasks } = resolveWorker({ tasks: [own, other], taskDefaults: { acks: "early", timeLimit: "5m" } });
  expect(tasks.map(({ policy }) => [policy.acks, policy.timeLimitMs])).toEqual([
    ["late", 300_000],
    ["early", 300_000],
  ]);
});

test("a predicate of the defaults cannot reach children, and is refused where there are some", () => {
  const pool = { kind: "threads", module: "./x.js" } as const;
  const taskDefaults = { retry: { when: () => true } };
  expect(() => resolveWorker({ tasks: [], pool, taskDefaults })).toThrow(/taskDefaults\.retry\.when/);
  expect(() => resolveWorker({ tasks: [], taskDefaults })).not.toThrow();
});

test("a worker consumes the queues of its fleet, those that it names, or the default queue", () => {
  const consumed = (options: object): readonly string[] => [
    ...resolveWorker({ tasks: [], ...options }).consumed.queues.keys(),
  ];
  expect(consumed({})).toEqual(["celery"]);
  expect(consumed({ defaultQueue: "q" })).toEqual(["q"]);
  expect(consumed({ queues: ["a", "b"] })).toEqual(["a", "b"]);
  expect(consumed({ queues: ["a", { name: "b", maxPriority: 3 }], consume: ["b", "c"] })).toEqual(["b", "c"]);
});
