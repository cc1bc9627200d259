import { CeleryError } from "../../../ports/errors.ts";
import { fieldOf } from "../../../ports/thrown.ts";
import { isTask, lookedAmong, tasksAmong } from "../../../task/exported.ts";
import { createRegistry, type TaskRegistry } from "../../../task/registry.ts";
import type { TaskDefinition } from "../../../task/task.ts";
import { withBuiltins } from "../running/builtins.ts";
import type { Runnable } from "../running/invoke.ts";
import type { PoolModule } from "../pipe/messages.ts";

/** The tasks of a child, by name. */
export interface ChildTasks {
  /** Names of those with a handler. */
  readonly names: readonly string[];
  /** @throws CeleryError `task-unhandled` */
  runnable(name: string): Runnable;
}

/**
 * Loads the module that a pool was given.
 *
 * @throws CeleryError `option-invalid` for an export that is no task, or where none is, `task-duplicate`, and whatever the module throws
 */
export async function loadTasks(module: PoolModule): Promise<ChildTasks> {
  const exported = (await import(module.url)) as object;
  const own = module.exports === null ? allTasks(module, exported) : named(module, exported);
  const registry: TaskRegistry = createRegistry(withBuiltins(own, (name) => runnableOrNull(registry, name)));
  return { names: namesOf(registry), runnable: (name) => runnable(registry, module, name) };
}

function allTasks({ url }: PoolModule, exported: object): readonly TaskDefinition[] {
  const tasks = tasksAmong(exported);
  if (tasks.length > 0) return tasks;
  throw new CeleryError(
    "option-invalid",
    `No task was found in ${url}: ${lookedAmong} were searched. Export the result of defineTask.`,
  );
}

/** A CommonJS module has some of its exports only in its default. */
function named(module: PoolModule, exported: object): readonly TaskDefinition[] {
  return (module.exports ?? []).map((name) => {
    const task = [fieldOf(exported, name), fieldOf(fieldOf(exported, "default"), name)].find(isTask);
    if (task !== undefined) return task;
    throw new CeleryError("option-invalid", `Export "${name}" of ${module.url} is no task: make it by defineTask`);
  });
}

function namesOf(registry: TaskRegistry): readonly string[] {
  return registry
    .list()
    .filter(({ run }) => run !== null)
    .map(({ name }) => name);
}

function runnable(registry: TaskRegistry, { url }: PoolModule, name: string): Runnable {
  const found = runnableOrNull(registry, name);
  if (found !== null) return found;
  throw new CeleryError("task-unhandled", `Task "${name}" has no handler in ${url}: export it there with its handler`);
}

function runnableOrNull(registry: TaskRegistry, name: string): Runnable | null {
  const definition = registry.get(name);
  if (definition === null || definition.run === null) return null;
  return { definition, handler: definition.run as Runnable["handler"] };
}
