import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Float } from "@leveret/celery-protocol";
import type { ResultTuple } from "@leveret/celery-protocol/results";
import { failure, partOf, progress, type ResultCase, resultCase, resultIn, single, success } from "./scene.ts";

/** What backends that keep results promise. */
export const keepingCases: readonly ResultCase[] = [
  resultCase("a client that did not send the task can read its result", ["memory"], async (scene) => {
    const [worker, other] = [await scene.connect(), await scene.connect()];
    const id = randomUUID();
    await worker.tell(success(id, 5));
    assert.equal(resultIn(await other.watch(id).final()), 5);
    assert.equal(other.source.latest(id)?.status, "SUCCESS");
  }),

  resultCase("a late watcher gets the latest state first", ["memory", "states"], async (scene) => {
    const [worker, other] = [await scene.connect(), await scene.connect()];
    const id = randomUUID();
    await worker.tell(progress(id, 1));
    await worker.tell(progress(id, 2));
    const watch = other.watch(id);
    await watch.until("the latest state", () => watch.states.length > 0);
    await worker.tell(success(id, null));
    await watch.final();
    assert.deepEqual(
      watch.states.map((meta) => ("result" in meta ? meta.result : null)),
      [{ step: 2 }, null],
    );
  }),

  resultCase("a good result is not replaced", ["memory"], async (scene) => {
    const [worker, other] = [await scene.connect(), await scene.connect()];
    const id = randomUUID();
    await worker.tell(success(id, 1));
    await worker.tell(failure(id, "late"));
    await worker.tell(success(id, 2));
    assert.equal(resultIn(await other.watch(id).final()), 1);
  }),

  resultCase("a failed result is replaced by that of the next run", ["memory"], async (scene) => {
    const [worker, other] = [await scene.connect(), await scene.connect()];
    const id = randomUUID();
    await worker.tell(failure(id, "first run"));
    await worker.tell(success(id, 2));
    assert.equal(resultIn(await other.watch(id).final()), 2);
  }),

  resultCase("what is forgotten is gone for all", ["memory"], async (scene) => {
    const [worker, other] = [await scene.connect(), await scene.connect()];
    const id = randomUUID();
    await worker.tell(success(id, 1));
    await worker.watch(id).final();
    await worker.source.forget(id);
    assert.equal(worker.source.latest(id), null);
    await worker.source.forget(id);
    await worker.tell(failure(id, "again"));
    assert.equal((await other.watch(id).final()).status, "FAILURE");
  }),

  resultCase("children and what JavaScript would drop of a value are kept", ["memory"], async (scene) => {
    const [worker, other] = [await scene.connect(), await scene.connect()];
    const id = randomUUID();
    const value = { whole: new Float(1), big: 2n ** 70n, deep: [[{}]] };
    await worker.tell({ ...success(id, value), children: [[["child", null], null]] });
    const meta = await other.watch(id).final();
    assert.deepEqual(resultIn(meta), value);
    assert.deepEqual(meta.children, [[["child", null], null]]);
  }),

  resultCase("a saved group comes back whole, until it is deleted", ["groups"], async (scene) => {
    const [one, other] = [await scene.connect(), await scene.connect()];
    const group = tupleOf(randomUUID());
    assert.equal(await partOf(other.source.groups, "groups").restore(group.id), null);
    await partOf(one.source.groups, "groups").save(group);
    assert.deepEqual(await partOf(other.source.groups, "groups").restore(group.id), group);
    await partOf(other.source.groups, "groups").delete(group.id);
    assert.equal(await partOf(one.source.groups, "groups").restore(group.id), null);
  }),
];

function tupleOf(id: string): ResultTuple {
  const inner = { id: "inner", parent: null, members: [single("b"), single("c")] };
  return { id, parent: single("before"), members: [single("a"), inner] };
}
