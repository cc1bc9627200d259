import { isPlainObject } from "@leveret/celery-protocol/wire";
import { fieldOf } from "../ports/thrown.ts";
import type { TaskDefinition } from "./task.ts";

/** Objects and lists within each other: `module.exports.default.mail.send` is the deepest that is found. */
const deepest = 4;

/** Most values searched: an export may be the configuration of a whole program. */
const mostValues = 10_000;

/**
 * The tasks among the exports of a module, each once: exports that are tasks, and those in lists and plain objects of them,
 * as `module.exports = { … }`, `export default { … }` and `export * as mail` have them. Functions are not called.
 *
 * @param exports - what `import()` of the module resolves to
 */
export function tasksAmong(exports: unknown): readonly TaskDefinition[] {
  const found = new Set<TaskDefinition>();
  let left = mostValues;
  const look = (value: unknown, depth: number): void => {
    left -= 1;
    if (left < 0 || typeof value !== "object" || value === null) return;
    if (isTask(value)) found.add(value);
    else if (depth < deepest) for (const member of membersOf(value)) look(member, depth + 1);
  };
  look(exports, 0);
  return [...found];
}

/** The searched exports, for an error. */
export const lookedAmong = "exports, module.exports and default, and lists and plain objects of tasks in them";

/** Whether a value was made by `defineTask`. */
export function isTask(value: unknown): value is TaskDefinition {
  return (
    fieldOf(value, "kind") === "task" && fieldOf(value, "policy") !== undefined && fieldOf(value, "run") !== undefined
  );
}

/** Getters of exports may throw, and so may a module that is still being loaded. */
function membersOf(value: object): readonly unknown[] {
  try {
    if (Array.isArray(value)) return value;
    return isPlainObject(value) ? Object.keys(value).map((name) => fieldOf(value, name)) : [];
  } catch {
    return [];
  }
}
