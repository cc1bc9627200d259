import assert from "node:assert/strict";
import { failure, progress, type ResultCase, resultCase, resultIn, success } from "./scene.ts";

const many = 100;

/** Promises to a caller that waits. */
export const waitingCases: readonly ResultCase[] = [
  resultCase("a result reaches the caller that waits for it", [], async (scene) => {
    const side = await scene.connect();
    const id = await side.sent();
    const watch = side.watch(id);
    await side.tell(success(id, { list: [1, "two", null] }));
    assert.deepEqual(resultIn(await watch.final()), { list: [1, "two", null] });
    assert.equal(watch.lost, null);
  }),

  resultCase("a result that came before it was awaited is delivered", [], async (scene) => {
    const side = await scene.connect();
    const id = await side.sent();
    await side.tell(success(id, 7));
    assert.equal(resultIn(await side.watch(id).final()), 7);
    assert.equal(side.source.latest(id)?.status, "SUCCESS");
    assert.equal(resultIn(await side.watch(id).final()), 7);
  }),

  resultCase("a failure keeps type, module, arguments and traceback", [], async (scene) => {
    const side = await scene.connect();
    const id = await side.sent();
    await side.tell(failure(id, "boom"));
    const meta = await side.watch(id).final();
    assert.equal(meta.status, "FAILURE");
    assert.equal(meta.traceback, "Traceback");
    assert.deepEqual("exception" in meta && meta.exception, { type: "ValueError", module: "builtins", args: ["boom"] });
  }),

  resultCase("all watchers get it, and none that has stopped", [], async (scene) => {
    const side = await scene.connect();
    const id = await side.sent();
    const [first, second, gone] = [side.watch(id), side.watch(id), side.watch(id)];
    gone.leave();
    gone.leave();
    await side.tell(success(id, 1));
    await Promise.all([first.final(), second.final()]);
    assert.equal(gone.states.length, 0);
  }),

  resultCase("each of many results comes to its own watcher", [], async (scene) => {
    const side = await scene.connect();
    const ids = await Promise.all(Array.from({ length: many }, () => side.sent()));
    const watches = ids.map((id) => side.watch(id));
    await Promise.all(ids.map((id, index) => side.tell(success(id, index))));
    const results = await Promise.all(watches.map(async (watch) => resultIn(await watch.final())));
    assert.deepEqual(
      results,
      ids.map((_, index) => index),
    );
  }),

  resultCase("a task without a stored state has none", [], async (scene) => {
    const side = await scene.connect();
    assert.equal(side.source.latest(await side.sent()), null);
  }),

  resultCase("closing ends all waiting, now and later", [], async (scene) => {
    const side = await scene.connect();
    const id = await side.sent();
    const watch = side.watch(id);
    await side.source.close();
    assert.equal(watch.lost?.code, "closed");
    assert.equal(side.watch(id).lost?.code, "closed");
    await side.source.close();
  }),

  resultCase("states come in their order, each once", ["states"], async (scene) => {
    const side = await scene.connect();
    const id = await side.sent();
    const watch = side.watch(id);
    for (const step of [1, 2, 3]) {
      await side.tell(progress(id, step));
      await watch.until(`step ${step}`, () => watch.states.length >= step);
    }
    await side.tell(success(id, "done"));
    await watch.final();
    const told = watch.states.map((meta) => ("result" in meta ? meta.result : null));
    assert.deepEqual(told, [{ step: 1 }, { step: 2 }, { step: 3 }, "done"]);
  }),

  resultCase("a state that comes after the final one undoes nothing", ["states"], async (scene) => {
    const side = await scene.connect();
    const [id, other] = [await side.sent(), await side.sent()];
    const [watch, end] = [side.watch(id), side.watch(other)];
    await side.tell(success(id, 1));
    await side.tell(progress(id, 9));
    await side.tell(success(other, 2));
    await Promise.all([watch.final(), end.final()]);
    assert.equal(side.source.latest(id)?.status, "SUCCESS");
    assert.equal(watch.states.length, 1);
  }),
];
