import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { decodeEvents } from "../../src/event/codec.ts";
import { ClusterState } from "../../src/monitor/state.ts";
import type { MonitoredWorker } from "../../src/monitor/worker.ts";
import { jsonMessage, pythonContent } from "../support/recorded.ts";

const peer = inject("peers").latestCelery;
const python = "path" in peer ? peer.path : "";
const script = fileURLToPath(new URL("python/cluster_state.py", import.meta.url));
const SEED = 20_261_122;
const start = 1_795_343_000;

type Fields = Readonly<Record<string, unknown>>;

/** Events as they came, each with the second at which it did. */
interface Story {
  readonly max: number;
  readonly events: readonly (readonly [Fields, number])[];
}

interface Outcome {
  readonly order: readonly string[];
  readonly tasks: readonly Fields[];
  readonly workers: readonly Fields[];
  readonly counts: readonly number[];
}

const text = fc.constantFrom("one", "two", "three");
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value);
const received = {
  name: text,
  args: text,
  kwargs: text,
  root_id: maybe(text),
  parent_id: maybe(fc.constantFrom("a", "b", "z")),
  retries: fc.nat(3),
  eta: maybe(text),
  expires: maybe(text),
};
const sent = {
  name: text,
  args: text,
  root_id: text,
  queue: text,
  exchange: text,
  routing_key: text,
  eta: maybe(text),
};
const taskFields: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<unknown>>>>> = {
  "task-sent": sent,
  "task-received": received,
  "task-started": {},
  "task-succeeded": { result: text, runtime: fc.constantFrom(0.5, 1.25) },
  "task-failed": { exception: text, traceback: maybe(text) },
  "task-retried": { exception: text, traceback: maybe(text) },
  "task-rejected": { requeue: fc.boolean() },
  "task-revoked": { terminated: fc.boolean(), signum: maybe(fc.nat(15)), expired: fc.boolean() },
  "task-cancelled": {},
  "task-nearly-there": {},
};
const workerTypes = ["worker-online", "worker-heartbeat", "worker-offline"];
const facts = {
  freq: fc.constantFrom(2, 5, 60),
  active: fc.nat(9),
  processed: fc.nat(9),
  sw_ident: text,
  sw_ver: text,
};

/** Some of the fields: older Celerys and other languages leave some out. */
const some = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) => fc.record(fields, { requiredKeys: [] });
const hostname = fc.constantFrom("w1@lab", "w2@lab", "w3@lab");
const task = fc.constantFrom(...Object.keys(taskFields)).chain((type) =>
  fc
    .record({
      uuid: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
      hostname,
      fields: some(taskFields[type] ?? {}),
    })
    .map(({ fields, ...rest }) => Object.assign({}, fields, rest, { type })),
);
const worker = fc
  .record({ type: fc.constantFrom(...workerTypes), hostname, pid: fc.nat(9), fields: some(facts) })
  .map(({ fields, ...rest }) => Object.assign({}, fields, rest));
const other = fc.record({ type: fc.constant("build-done"), hostname });
const event: fc.Arbitrary<Fields> = fc.oneof({ weight: 6, arbitrary: task }, { weight: 3, arbitrary: worker }, other);

/** Their clocks all differ: between equal ones Celery decides by what it knows of the worker then. */
function stories(max: number): fc.Arbitrary<Story> {
  const moment = fc.integer({ min: 0, max: 400 });
  const timed = fc.tuple(event, fc.integer({ min: 1, max: 100_000 }), moment, moment);
  return fc.uniqueArray(timed, { minLength: 1, maxLength: 40, selector: ([, clock]) => clock }).map((list) => ({
    max,
    events: list.map(([fields, clock, happened, came]) => [
      { ...fields, clock, timestamp: start + happened / 4 },
      start + came / 4,
    ]),
  }));
}

function celerysOf(told: readonly Story[]): readonly Outcome[] {
  const input = told.map((story) => `${JSON.stringify(story)}\n`).join("");
  const answers = execFileSync(python, [script], { input, encoding: "utf8", maxBuffer: 1e9 });
  return answers
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Outcome);
}

function oursOf({ max, events }: Story): Outcome {
  const state = new ClusterState({ maxWorkers: max, maxTasks: max });
  for (const [fields, came] of events)
    for (const each of decodeEvents(jsonMessage(fields), pythonContent)) state.apply(each, came * 1_000);
  const tasks = state.tasks();
  return {
    order: tasks.map(({ uuid }) => uuid),
    tasks: tasks.map((each) => inCelerysWords(each, ["extra"])),
    workers: state
      .workers()
      .map((each) => Object.assign(inCelerysWords(each, ["heardAtMs", "loadavg"]), { expires: expiryOf(each) })),
    counts: [state.eventCount, state.taskCount],
  };
}

function expiryOf({ heardAtMs, freq }: MonitoredWorker): number | null {
  return heardAtMs === null ? null : heardAtMs / 1_000 + freq * 2;
}

function inCelerysWords(fields: object, without: readonly string[]): Fields {
  const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const kept = Object.entries(fields).filter(([name]) => !without.includes(name));
  return Object.fromEntries(kept.map(([name, value]) => [snake(name), value]));
}

const byId = (tasks: readonly Fields[]) => new Map(tasks.map((each) => [each["uuid"], each]));

describe.skipIf(python === "")("Celery's own state of a cluster", () => {
  test("is ours after the same events, in whatever order they come", () => {
    const told = fc.sample(stories(1_000), { numRuns: 600, seed: SEED });
    const celerys = celerysOf(told);
    for (const [index, story] of told.entries()) {
      const [theirs, ours] = [celerys[index], oursOf(story)];
      expect({ story, ...ours, tasks: byId(ours.tasks) }).toEqual({
        story,
        ...theirs,
        tasks: byId(theirs?.tasks ?? []),
      });
    }
  });

  test("remembers the same tasks and workers where there is no room for all", () => {
    const told = fc.sample(stories(3), { numRuns: 300, seed: SEED });
    const celerys = celerysOf(told);
    for (const [index, story] of told.entries()) {
      const [theirs, ours] = [celerys[index], oursOf(story)];
      expect({ story, tasks: byId(ours.tasks), workers: ours.workers }).toEqual({
        story,
        tasks: byId(theirs?.tasks ?? []),
        workers: theirs?.workers,
      });
    }
  });
});
