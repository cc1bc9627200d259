import { describe, expect, test } from "vitest";
import {
  createContent,
  encodeSignature,
  encodeTask,
  newTask,
  type WireSignature,
  type TaskMessage,
  type Tree,
} from "@leveret/celery-protocol";
import { chord, group, signature, withOptions } from "@leveret/celery-protocol/canvas";
import { defineTask } from "../../src/task/definition.ts";
import { type Harness, startWorker } from "./harness.ts";

const content = createContent();
const echo = defineTask("demo.echo", (_context, ...args: unknown[]) => args[0] ?? null);

const fail = defineTask("demo.fail", (): void => {
  throw new RangeError("as it was asked to");
});

/** Long for a busy machine, and short for what took minutes, or the memory of the process. */
const QUICK_MS = 20_000;

const tree = (call: WireSignature): Tree => encodeSignature(call);
const call = (...args: readonly Tree[]): WireSignature => signature("demo.echo", { args });
const builtin = (task: string, kwargs: Readonly<Record<string, Tree>>): WireSignature => signature(task, { kwargs });

async function given(
  fields: Partial<TaskMessage> & Pick<TaskMessage, "task">,
): Promise<Harness & { readonly ms: number }> {
  const harness = await startWorker([echo], { logLevel: "silent" });
  const start = performance.now();
  await harness.publish(encodeTask(newTask({ id: "hostile", replyTo: "replies", ...fields }), content));
  await harness.settle();
  return { ...harness, ms: performance.now() - start };
}

async function stateOf(
  harness: Harness,
  id: string,
): Promise<{ readonly status: string; readonly text: string } | null> {
  const meta = (await harness.results()).find(({ taskId }) => taskId === id);
  return meta === undefined ? null : { status: meta.status, text: JSON.stringify(meta) };
}

/** The worker works on. */
async function expectGood(harness: Harness): Promise<void> {
  await harness.send({ id: "good", task: "demo.echo", args: [7] });
  await harness.settle();
  expect(await stateOf(harness, "good")).toMatchObject({ status: "SUCCESS" });
  await harness.worker.stop();
}

const groupOf = (count: number): WireSignature => group(...Array.from({ length: count }, (_, index) => call(index)));

describe("a canvas beyond the budget is refused before its task runs", () => {
  test.each<[string, Partial<TaskMessage>]>([
    ["chords within headers", { callbacks: [inHeaders(150, 100)] }],
    [
      "errbacks for each of many members",
      { callbacks: [withOptions(groupOf(2_000), { link_error: manyLinks(2_000) })] },
    ],
    ["a body that is large and stands in each member", { callbacks: [chord(many(5_000), call("x".repeat(200_000)))] }],
    [
      "chunks of one item each",
      { callbacks: [builtin("celery.chunks", { task: tree(call()), it: ones(300_000), n: 1 })] },
    ],
    ["too many options", { callbacks: [withOptions(chord([call()], call()), manyStamps(90_000))] }],
  ])("%s", async (_name, fields) => {
    const harness = await given({ task: "demo.echo", ...fields });
    expect(harness.ms).toBeLessThan(QUICK_MS);
    const types = harness.events.map(({ type }) => type).filter((type) => type !== "stateChanged");
    expect(types).toStrictEqual(["deadLettered"]);
    const [dead] = harness.broker.messages("celery.dead");
    expect(dead?.headers["x-leveret-error"]).toMatch(/budget\.\w+ allows \d+/);
    expect(await stateOf(harness, "hostile")).toMatchObject({ status: "FAILURE" });
    await expectGood(harness);
  });

  test("one option raises the limit", async () => {
    const harness = await startWorker([echo], { logLevel: "silent", budget: { messages: 3 } });
    await harness.send({ id: "three", task: "demo.echo", callbacks: [groupOf(3)] });
    await harness.send({ id: "four", task: "demo.echo", callbacks: [groupOf(4)] });
    await harness.settle();
    expect(await stateOf(harness, "three")).toMatchObject({ status: "SUCCESS" });
    expect(await stateOf(harness, "four")).toMatchObject({ status: "FAILURE" });
    const [dead] = harness.broker.messages("celery.dead");
    expect(dead?.headers["x-leveret-error"]).toContain("too many messages: 4, budget.messages allows 3");
    await harness.worker.stop();
  });
});

describe("builtin tasks call no builtin tasks", () => {
  const map = (inner: WireSignature, items: readonly Tree[]): WireSignature =>
    builtin("celery.map", { task: tree(inner), it: items });
  const bare = (task: string): WireSignature => signature(task);

  test.each<[string, WireSignature]>([
    ["a map of itself", map(bare("celery.map"), [1])],
    ["a map of starmap", map(bare("celery.starmap"), [1])],
    ["a starmap of map", builtin("celery.starmap", { task: tree(bare("celery.map")), it: [[1]] })],
    ["a map of group", map(builtin("celery.group", { tasks: [tree(call()), tree(call())] }), ones(100))],
    ["a map of chord_unlock", map(bare("celery.chord_unlock"), [1])],
    ["a map of backend_cleanup", map(bare("celery.backend_cleanup"), [1])],
    [
      "a group of groups that are tasks",
      builtin("celery.group", { tasks: [tree(builtin("celery.group", { tasks: [] }))] }),
    ],
    ["a group of a chain of such", builtin("celery.group", { tasks: [tree(chainOf([bare("celery.group")]))] })],
    ["chunks of maps", builtin("celery.chunks", { task: tree(bare("celery.map")), it: ones(10), n: 1 })],
    [
      "a chord of chords that are tasks",
      builtin("celery.chord", { header: [tree(bare("celery.chord"))], body: tree(call()) }),
    ],
    [
      "a chord before an unlock",
      builtin("celery.chord", { header: [tree(call())], body: tree(bare("celery.chord_unlock")) }),
    ],
  ])("%s", async (_name, { task, kwargs }) => {
    const harness = await given({ task, kwargs });
    expect(harness.ms).toBeLessThan(QUICK_MS);
    const [dead] = harness.broker.messages("celery.dead");
    expect(dead?.headers).toMatchObject({ "x-leveret-reason": "arguments-invalid" });
    expect(dead?.headers["x-leveret-error"]).toContain("builtin task");
    expect(await stateOf(harness, "hostile")).toMatchObject({ status: "FAILURE" });
    expect(harness.events.filter(({ type }) => type === "taskSucceeded")).toStrictEqual([]);
    await expectGood(harness);
  });

  test("groups of maps, chunks and the tasks of an application are called as ever", async () => {
    const members = [
      call(1),
      map(call(), [1, 2]),
      builtin("celery.chunks", { task: tree(call()), it: [[1], [2]], n: 1 }),
    ];
    const harness = await given({ task: "celery.group", kwargs: { tasks: members.map(tree) } });
    const succeeded = harness.events.flatMap((event) => (event.type === "taskSucceeded" ? [event.task.task] : []));
    expect(succeeded.toSorted()).toStrictEqual([
      "celery.group",
      "celery.map",
      "celery.starmap",
      "celery.starmap",
      "demo.echo",
    ]);
    await expectGood(harness);
  });

  test("a long map leaves the event loop to others", async () => {
    const harness = await startWorker([echo], { logLevel: "silent" });
    await harness.send({ id: "long", task: "celery.map", kwargs: { task: tree(call()), it: ones(300_000) } });
    await harness.send({ id: "good", task: "demo.echo" });
    const ended = (): readonly string[] =>
      harness.events.flatMap((event) => (event.type === "taskSucceeded" ? [event.task.id] : []));
    while (ended().length < 2) {
      await harness.settle();
      await new Promise(setImmediate);
    }
    expect(ended()).toStrictEqual(["good", "long"]);
    await harness.worker.stop();
  });
});

function chainOf(tasks: readonly WireSignature[]): WireSignature {
  return { ...signature("celery.chain", { kwargs: { tasks: tasks.map(tree) } }), subtaskType: "chain" };
}

function inHeaders(levels: number, width: number): WireSignature {
  return levels === 0 ? call() : chord([inHeaders(levels - 1, width), ...many(width)], call());
}

function many(count: number): readonly WireSignature[] {
  return Array.from({ length: count }, (_, index) => call(index));
}

function ones(count: number): readonly Tree[] {
  return Array.from({ length: count }, () => [1]);
}

function manyLinks(count: number): readonly Tree[] {
  return Array.from({ length: count }, (_, index) => tree(signature(`demo.link${index}`)));
}

function manyStamps(count: number): Readonly<Record<string, Tree>> {
  const names = Array.from({ length: count }, (_, index) => `s${index}`);
  return { ...Object.fromEntries(names.map((name) => [name, 1])), stamped_headers: names };
}

describe("queues that nothing but messages name", () => {
  const elsewhere = (index: number): WireSignature => withOptions(call(index), { queue: `made-up-${index}` });

  async function madeUpBy(fields: Partial<TaskMessage> & Pick<TaskMessage, "task">): Promise<Harness> {
    const harness = await startWorker([echo, fail], { logLevel: "silent", budget: { queues: 5 } });
    await harness.send(fields);
    await harness.settle();
    return harness;
  }

  const declared = ({ broker }: Harness): number => broker.queues().filter((name) => name.startsWith("made-up")).length;

  test.each([
    ["callbacks", { task: "demo.echo", callbacks: Array.from({ length: 200 }, (_, index) => elsewhere(index)) }],
    [
      "errbacks",
      {
        task: "demo.fail",
        errbacks: Array.from({ length: 200 }, (_, index) => ({ ...elsewhere(index), task: "demo.other" })),
      },
    ],
    [
      "a group",
      { task: "celery.group", kwargs: { tasks: Array.from({ length: 200 }, (_, index) => tree(elsewhere(index))) } },
    ],
  ])("are declared while the budget allows: %s", async (_name, fields) => {
    const harness = await madeUpBy(fields);
    expect(declared(harness)).toBe(5);
    await expectGood(harness);
  });

  test("one more is allowed each minute, and what was declared is sent to as ever", async () => {
    const harness = await madeUpBy({
      task: "demo.echo",
      callbacks: Array.from({ length: 5 }, (_, index) => elsewhere(index)),
    });
    expect(declared(harness)).toBe(5);
    await harness.send({ id: "refused", task: "demo.echo", callbacks: [elsewhere(6)] });
    await harness.settle();
    expect(await stateOf(harness, "refused")).toMatchObject({ status: "FAILURE" });
    await harness.clock.advance(60_000);
    await harness.send({ id: "again", task: "demo.echo", callbacks: [elsewhere(7), elsewhere(1)] });
    await harness.settle();
    expect(await stateOf(harness, "again")).toMatchObject({ status: "SUCCESS" });
    expect(harness.broker.messages("made-up-1")).toHaveLength(2);
    await harness.worker.stop();
  });
});
