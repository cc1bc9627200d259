import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { ResultMeta } from "@leveret/celery-protocol";
import { type AppliedChord, type ChordPart, type ChordProgress, signature } from "@leveret/celery-protocol/canvas";
import type { ChordCounter } from "../../results/chords.ts";
import { failure, partOf, type ResultCase, resultCase, type ResultScene, type Side, single, success } from "./scene.ts";

const body = signature("conformance.body");
const waiting: ChordProgress = { state: "waiting" };

/** Parts that come at the same moment. */
const crowd = 100;

/** What backends that count chords promise. */
export const countingCases: readonly ResultCase[] = [
  resultCase(
    "the last part completes a chord, with the results in the order of the header",
    ["chords"],
    async (scene) => {
      const chord = await begin(scene, 3);
      assert.deepEqual(await chord.bring(2), waiting);
      assert.deepEqual(await chord.bring(0), waiting);
      assert.deepEqual(await chord.bring(1), { state: "complete", results: ["r0", "r1", "r2"] });
    },
  ),

  resultCase("a part that is brought twice counts once, though its result be another", ["chords"], async (scene) => {
    const chord = await begin(scene, 2);
    assert.deepEqual(await chord.bring(0), waiting);
    assert.deepEqual(await chord.bring(0, success(chord.ids[0] ?? "", "other")), waiting);
    assert.equal((await chord.bring(1)).state, "complete");
  }),

  resultCase("only one task gets the end, and gets it again until the chord is finished", ["chords"], async (scene) => {
    const chord = await begin(scene, 2);
    await chord.bring(0);
    assert.equal((await chord.bring(1)).state, "complete");
    assert.deepEqual(await chord.bring(0), waiting);
    assert.deepEqual(await chord.bring(1), { state: "complete", results: ["r0", "r1"] });
    await chord.counter.finish(chord.groupId);
    assert.deepEqual(await chord.bring(1), waiting);
    assert.deepEqual(await chord.bring(0), waiting);
  }),

  resultCase("of many parts that come at once exactly one completes the chord", ["chords"], async (scene) => {
    const chord = await begin(scene, crowd);
    const ends = await Promise.all(chord.ids.map((_, index) => chord.bring(index)));
    const [end, ...others] = ends.filter(({ state }) => state === "complete");
    assert.equal(others.length, 0);
    assert.deepEqual(end, { state: "complete", results: chord.ids.map((_, index) => `r${index}`) });
  }),

  resultCase("a part that failed fails the chord, once all are there", ["chords"], async (scene) => {
    const chord = await begin(scene, 2);
    const [first = ""] = chord.ids;
    assert.deepEqual(await chord.bring(0, failure(first, "part")), waiting);
    const exception = {
      type: "ChordError",
      module: "celery.exceptions",
      args: [`Dependency ${first} raised ValueError('part')`],
    };
    const cause = { type: "ValueError", module: "builtins", args: ["part"] };
    assert.deepEqual(await chord.bring(1), { state: "failed", exception, cause });
  }),

  resultCase("a part whose message cannot be read gets the body, where it is the last", ["chords"], async (scene) => {
    const chord = await begin(scene, 2);
    const [first = "", last = ""] = chord.ids;
    const unread = { groupId: chord.groupId, groupIndex: 1, taskId: last, body: null };
    assert.deepEqual(await chord.bring(0), waiting);
    const end = await chord.counter.addPart(unread, failure(last, "unread"));
    assert.equal(end.state, "failed");
    assert.deepEqual({ ...(end.state === "failed" && end.body) }, { ...body });
    await chord.counter.finish(chord.groupId);
    assert.deepEqual(await chord.counter.addPart({ ...unread, taskId: first }, failure(first, "late")), waiting);
  }),

  resultCase("a chord that was extended waits for more", ["chords"], async (scene) => {
    const chord = await begin(scene, 3, 1);
    await chord.counter.extend(chord.groupId, 2);
    assert.deepEqual(await chord.bring(0), waiting);
    assert.deepEqual(await chord.bring(1), waiting);
    assert.deepEqual(await chord.bring(2), { state: "complete", results: ["r0", "r1", "r2"] });
  }),

  resultCase("a chord is complete only once its size was set", ["chords"], async (scene) => {
    const chord = await begin(scene, 2, null);
    assert.deepEqual(await chord.bring(0), waiting);
    await chord.counter.setSize(chord.groupId, 2);
    assert.equal((await chord.bring(1)).state, "complete");
  }),

  resultCase("groups in the header become nested lists", ["chords"], async (scene) => {
    const side = await scene.connect();
    const groupId = randomUUID();
    const header = {
      id: groupId,
      parent: null,
      members: [single("a"), { id: randomUUID(), parent: null, members: [single("b"), single("c")] }],
    };
    const counter = counterOf(side);
    await counter.apply({ ...applied(groupId), header });
    await counter.setSize(groupId, 3);
    const bring = (taskId: string): Promise<ChordProgress> =>
      counter.addPart({ taskId, groupId, groupIndex: 0, body }, success(taskId, taskId));
    await bring("c");
    await bring("a");
    assert.deepEqual(await bring("b"), { state: "complete", results: ["a", ["b", "c"]] });
  }),

  resultCase("a chord that is called again counts anew", ["chords"], async (scene) => {
    const chord = await begin(scene, 1);
    assert.equal((await chord.bring(0)).state, "complete");
    await chord.counter.finish(chord.groupId);
    await chord.counter.setSize(chord.groupId, 1);
    assert.equal((await chord.bring(0)).state, "complete");
  }),
];

interface Begun {
  readonly counter: ChordCounter;
  readonly groupId: string;
  readonly ids: readonly string[];
  /** Adds the part at this index, from one of two workers; its result is `r` and the index. */
  bring(index: number, meta?: ResultMeta): Promise<ChordProgress>;
}

/** A chord over `count` tasks; a null `size` is not set yet. */
async function begin(scene: ResultScene, count: number, size: number | null = count): Promise<Begun> {
  const sides = [await scene.connect(), await scene.connect()].map(counterOf);
  const [counter = counterOf(await scene.connect())] = sides;
  const groupId = randomUUID();
  const ids = Array.from({ length: count }, () => randomUUID());
  await counter.apply({ ...applied(groupId), header: { id: groupId, parent: null, members: ids.map(single) } });
  if (size !== null) await counter.setSize(groupId, size);
  return {
    counter,
    groupId,
    ids,
    bring(groupIndex, meta) {
      const taskId = ids[groupIndex] ?? "";
      const part: ChordPart = { taskId, groupId, groupIndex, body };
      return (sides[groupIndex % 2] ?? counter).addPart(part, meta ?? success(taskId, `r${groupIndex}`));
    },
  };
}

function counterOf({ store }: Side): ChordCounter {
  return partOf(store.chords, "chords");
}

function applied(groupId: string): Omit<AppliedChord, "header"> {
  return { groupId, body, interval: null, maxRetries: null };
}
