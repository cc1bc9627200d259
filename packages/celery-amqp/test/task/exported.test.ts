import { expect, test } from "vitest";
import { defineTask } from "../../src/task/definition.ts";
import { tasksAmong } from "../../src/task/exported.ts";

const [a, b, c] = ["a", "b", "c"].map((name) => defineTask(name, () => name));
const hidden = Object.defineProperty({ a }, "broken", {
  enumerable: true,
  get() {
    throw new ReferenceError("Cannot access 'broken' before initialization");
  },
});
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
const loop: Record<string, unknown> = { a };
loop["loop"] = loop;

test.each<[string, unknown, readonly unknown[]]>([
  ["named exports", { a, b, other: 1 }, [a, b]],
  ["module.exports = { … }, with the names that Node finds", { default: { a, b }, a }, [a, b]],
  ["module.exports = [ … ]", { default: [a, b] }, [a, b]],
  ["module.exports = a task", { default: a }, [a]],
  ["export default { … } of lists", { default: { all: [a, b], c } }, [a, b, c]],
  [
    "a compiled module's default within the default",
    { default: { __esModule: true, default: { a, mail: { b } } } },
    [a, b],
  ],
  ["export * as mail", { mail: Object.assign(Object.create(null) as object, { a, b }) }, [a, b]],
  ["a list and its members by name", { a, all: [a, b] }, [a, b]],
  ["getters that throw", hidden, [a]],
  ["a Proxy that cannot be read", { proxy, a }, [a]],
  ["an object that holds itself", loop, [a]],
  ["functions that make tasks: they are not called", { make: () => a, Class: Map }, []],
  ["what looks like a task", { fake: { kind: "task" } }, []],
  ["nothing", undefined, []],
])("tasks are found among %s", (_, exports, found) => {
  expect(tasksAmong(exports)).toEqual(found);
});
