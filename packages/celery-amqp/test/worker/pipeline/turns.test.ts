import { expect, test } from "vitest";
import { createFakeClock } from "../../../src/testing/fake-clock.ts";
import { Turns, turnsOf } from "../../../src/worker/pipeline/turns.ts";

function scene() {
  const clock = createFakeClock();
  const done: string[] = [];
  return { clock, done, turns: new Turns(clock) };
}

test("a run waits for copies, and copies wait for a run that has just begun", async () => {
  const { clock, done, turns } = scene();
  const answer = Promise.withResolvers<void>();
  void turns.copy(() => answer.promise).then(() => done.push("copied"));
  let end = (): void => {};
  turns.run((over) => {
    done.push("runs");
    end = over;
  });
  void turns.copy(async () => void done.push("copies again"));
  await clock.advance(0);
  expect([turns.isQuiet, done]).toEqual([false, []]);
  answer.resolve();
  await clock.advance(0);
  expect([turns.isQuiet, done]).toEqual([true, ["runs", "copied"]]);
  end();
  end();
  await clock.advance(0);
  expect(done).toEqual(["runs", "copied", "copies again"]);
});

test("copies go together, as runs do", async () => {
  const { clock, done, turns } = scene();
  void turns.copy(() => new Promise(() => {}));
  void turns.copy(async () => void done.push("second copy"));
  await clock.advance(0);
  expect(done).toEqual(["second copy"]);
  const other = new Turns(clock);
  other.run(() => done.push("first run"));
  other.run(() => done.push("second run"));
  expect(done).toEqual(["second copy", "first run", "second run"]);
});

test("neither holds the other up for long", async () => {
  const { clock, done, turns } = scene();
  void turns.copy(() => new Promise(() => {}));
  turns.run(() => done.push("runs"));
  await clock.advance(4_999);
  expect(done).toEqual([]);
  await clock.advance(1);
  void turns.copy(async () => void done.push("copies"));
  await clock.advance(999);
  expect(done).toEqual(["runs"]);
  await clock.advance(1);
  expect(done).toEqual(["runs", "copies"]);
});

test("a message that is no suspect passes between copies, and holds none up", async () => {
  const { clock, done, turns } = scene();
  const answer = Promise.withResolvers<void>();
  void turns.copy(() => answer.promise);
  turns.pass(() => done.push("passed"));
  void turns.copy(async () => void done.push("copies"));
  await clock.advance(0);
  expect(done).toEqual([]);
  answer.resolve();
  await clock.advance(0);
  expect(done).toEqual(["passed", "copies"]);
});

test("a copy that fails is over", async () => {
  const { turns } = scene();
  await turns.copy(() => Promise.reject(new Error("no")));
  expect(turns.isQuiet).toBe(true);
});

test("the workers of a process share their turns", () => {
  const clock = createFakeClock();
  expect([turnsOf(clock) === turnsOf(clock), turnsOf(clock) === turnsOf(createFakeClock())]).toEqual([true, false]);
});
