import * as fc from "fast-check";
import type { Tree } from "../../src/content/tree.ts";
import { type Described, plainTask } from "./canvases.ts";
import { valueOf } from "./canvas-run.ts";

/** A failure anywhere on the way to a value. */
export const FAILED: unique symbol = Symbol("failed");
export type Value = Tree | typeof FAILED;

/**
 * What a canvas comes to when it is evaluated as an expression: a chain hands each value on, a group is the list of its
 * values, a chord hands such a list to its body.
 */
export function evaluate(canvas: Described, input: readonly Tree[]): Value {
  switch (canvas.kind) {
    case "task":
      if (canvas.name === "fail") return FAILED;
      return valueOf({
        ...canvas,
        task: canvas.name,
        args: canvas.immutable ? canvas.args : [...input, ...canvas.args],
      });
    case "group":
      return all(canvas.tasks, input);
    case "chord":
      return then(all(canvas.header, input), canvas.body);
    default: {
      const [first, ...rest] = canvas.tasks as readonly [Described, ...Described[]];
      return rest.reduce<Value>(then, evaluate(first, input));
    }
  }
}

function then(value: Value, next: Described): Value {
  return value === FAILED ? FAILED : evaluate(next, [value]);
}

function all(members: readonly Described[], input: readonly Tree[]): Value {
  const values = members.map((member) => evaluate(member, input));
  return values.includes(FAILED) ? FAILED : (values as Tree[]);
}

/**
 * Canvases with one meaning. Left out is what Celery itself gives another: a group that is followed by a group or a chord
 * runs what follows once for each of its members, groups right inside a group are its members, and a group of one is not a
 * list wherever it is part of a chain.
 */
export function wellFormed(names: readonly string[], depth: number): fc.Arbitrary<Described> {
  const task = fc
    .record({
      name: fc.constantFrom(...names),
      args: fc.array(fc.nat({ max: 9 }), { maxLength: 2 }),
      immutable: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
    })
    .map(({ name, args, immutable }): Described => Object.assign(plainTask(name, ...args), { immutable }));
  if (depth === 0) return task;
  const inner = fc.oneof({ weight: 2, arbitrary: task }, wellFormed(names, depth - 1));
  const single = inner.filter((canvas) => canvas.kind !== "group");
  const members = fc.array(single, { minLength: 2, maxLength: 3 });
  const group = members.map((tasks): Described => ({ kind: "group", tasks }));
  const chord = fc
    .record({
      kind: fc.constant("chord" as const),
      header: fc.array(single, { minLength: 1, maxLength: 3 }),
      body: inner,
    })
    .map((each): Described => each);
  const step = fc.oneof(
    task.map((each) => [each]),
    chord.filter((each) => !endsInGroup(each)).map((each) => [each]),
    fc.tuple(group, task).map(([many, one]) => [many, one]),
  );
  const chain = fc
    .tuple(task, fc.array(step, { maxLength: 2 }), fc.option(group, { nil: null }))
    .map(([first, steps, last]): Described => {
      return { kind: "chain", tasks: [first, ...steps.flat(), ...(last === null ? [] : [last])] };
    });
  return fc
    .oneof(task, { weight: 2, arbitrary: chain }, group, { weight: 2, arbitrary: chord })
    .filter((canvas) => tasksIn(canvas) <= MOST_TASKS);
}

/** Each member of a header carries the body, and a body may be a chord again: what is sent grows with a power of this. */
const MOST_TASKS = 16;

function endsInGroup(canvas: Described): boolean {
  if (canvas.kind === "task" || canvas.kind === "group") return canvas.kind === "group";
  const last = canvas.kind === "chord" ? canvas.body : canvas.tasks.at(-1);
  return last !== undefined && endsInGroup(last);
}

function tasksIn(canvas: Described): number {
  if (canvas.kind === "task") return 1;
  const inner = canvas.kind === "chord" ? [...canvas.header, canvas.body] : canvas.tasks;
  return inner.reduce((sum, each) => sum + tasksIn(each), 0);
}
