import { CeleryError } from "../ports/errors.ts";
import type { TaskDefinition } from "./task.ts";

/** The tasks of one worker, by name. */
export interface TaskRegistry {
  /** The task of that name, or null. */
  get(name: string): TaskDefinition | null;
  /** All of them, in the order they were given. */
  list(): readonly TaskDefinition[];
}

/**
 * Tasks by name. One and the same task may be given twice.
 *
 * @throws CeleryError `task-duplicate` for two tasks of one name, `option-invalid` for what is no task
 */
export function createRegistry(tasks: readonly TaskDefinition[]): TaskRegistry {
  const byName = new Map<string, TaskDefinition>();
  for (const task of tasks) {
    if (task?.kind !== "task")
      throw new CeleryError("option-invalid", `A task list holds ${typeof task}: make tasks by defineTask`);
    const other = byName.get(task.name);
    if (other !== undefined && other !== task) {
      throw new CeleryError("task-duplicate", `Two tasks have the same name: "${task.name}". Rename one.`);
    }
    byName.set(task.name, task);
  }
  return { get: (name) => byName.get(name) ?? null, list: () => [...byName.values()] };
}
