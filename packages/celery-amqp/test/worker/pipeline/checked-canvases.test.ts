import type { WireSignature } from "@leveret/celery-protocol";
import { chain, group, signature, withOptions } from "@leveret/celery-protocol/canvas";
import { resolveBudget } from "@leveret/celery-protocol/wire";
import { expect, test } from "vitest";
import { CheckedCanvases } from "../../../src/worker/pipeline/checked-canvases.ts";
import { freshWorld, task } from "../rules/given.ts";

const step = signature("demo.echo");
const body = (id: string, ...steps: readonly WireSignature[]) => withOptions(chain(...steps), { task_id: id });

/** A context that counts what is composed. */
function counting(messages?: number) {
  let composed = 0;
  const budget = resolveBudget(messages === undefined ? {} : { messages });
  const routeOf = () => {
    composed += 1;
    return { options: {} };
  };
  return { context: freshWorld({ budget, routeOf }), composed: () => composed };
}

test("the body of a chord is unfolded once for all members of its header", () => {
  const { context, composed } = counting();
  const canvases = new CheckedCanvases();
  const member = (groupId: string, id: string) => task({ group: groupId, chord: body(id, step, step) });
  expect(canvases.refusalOf(member("first", "a"), context)).toBeNull();
  const once = composed();
  expect(once).toBeGreaterThan(0);
  for (let index = 0; index < 10; index += 1) expect(canvases.refusalOf(member("first", "a"), context)).toBeNull();
  expect(composed()).toBe(once);
  canvases.refusalOf(member("second", "a"), context);
  canvases.refusalOf(member("first", "b"), context);
  expect(composed()).toBe(3 * once);
});

test("callbacks of a member are unfolded each time", () => {
  const { context } = counting(3);
  const canvases = new CheckedCanvases();
  const fields = { group: "g", chord: body("a", step, step) };
  expect(canvases.refusalOf(task(fields), context)).toBeNull();
  const callbacks = [group(step, step, step, step)];
  expect(canvases.refusalOf(task({ ...fields, callbacks }), context)).toMatchObject({ code: "too-many" });
});

test("a body beyond the budget is refused for each member", () => {
  const { context } = counting(3);
  const canvases = new CheckedCanvases();
  const chord = withOptions(group(step, step, step, step), { task_id: "a" });
  for (let index = 0; index < 3; index += 1)
    expect(canvases.refusalOf(task({ group: "g", chord }), context)).toMatchObject({ code: "too-many" });
});

test("the oldest chords are forgotten", () => {
  const { context, composed } = counting();
  const canvases = new CheckedCanvases();
  const member = (id: number) => task({ group: `${id}`, chord: body("a", step, step) });
  canvases.refusalOf(member(0), context);
  const once = composed();
  for (let id = 1; id <= 1_000; id += 1) canvases.refusalOf(member(id), context);
  canvases.refusalOf(member(0), context);
  expect(composed()).toBe(1_002 * once);
});
