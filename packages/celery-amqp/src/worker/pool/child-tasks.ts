import { CeleryError } from "../../ports/errors.ts";
import { createRegistry, type TaskRegistry } from "../../task/registry.ts";
import type { TaskDefinition } from "../../task/task.ts";
import { withBuiltins } from "./builtins.ts";
import type { Runnable } from "./invoke.ts";
import type { PoolModule } from "./messages.ts";

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
 * @throws CeleryError `option-invalid` for an export that is no task, `task-duplicate`, and whatever the module throws
 */
export async function loadTasks(module: PoolModule): Promise<ChildTasks> {
  const exported = (await import(module.url)) as Readonly<Record<string, unknown>>;
  const own = module.exports === null ? allTasks(exported) : named(module, exported);
  const registry: TaskRegistry = createRegistry(withBuiltins(own, (name) => runnableOrNull(registry, name)));
  return { names: namesOf(registry), runnable: (name) => runnable(registry, module, name) };
}

function allTasks(exported: Readonly<Record<string, unknown>>): readonly TaskDefinition[] {
  return Object.values(exported)
    .flatMap((value): unknown => (Array.isArray(value) ? value : [value]))
    .filter(isTask);
}

function named(module: PoolModule, exported: Readonly<Record<string, unknown>>): readonly TaskDefinition[] {
  return (module.exports ?? []).map((name) => {
    const task = exported[name];
    if (isTask(task)) return task;
    throw new CeleryError("option-invalid", `Export "${name}" of ${module.url} is no task: make it by defineTask`);
  });
}

function isTask(value: unknown): value is TaskDefinition {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "task" && "run" in value;
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
