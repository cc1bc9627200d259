import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lookedAmong, type TaskDefinition, tasksAmong } from "@leveret/celery-amqp";
import { UsageError } from "../terminal/terminal.ts";

/** What a module given by `-A` exports. */
export interface LoadedModule {
  /** Where it is: for children that load it again. */
  readonly url: string;
  /** What its exports are, by name. */
  readonly exports: Readonly<Record<string, unknown>>;
  /** Every export that is a task, and those of lists and plain objects of them. */
  readonly tasks: readonly TaskDefinition[];
}

/**
 * Loads a module by its path, from the working directory. TypeScript is read by Node itself: types are left out, so that
 * what is more than types (enums, parameter properties) is refused.
 *
 * @throws UsageError where it is not there, or cannot be loaded
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`-A ${path}: there is no such file`);
  const { href: url } = pathToFileURL(file);
  const exports = await load(path, url);
  return { url, exports, tasks: tasksAmong(exports) };
}

/**
 * The same, for what needs tasks.
 *
 * @throws UsageError as `loadModule`, and where no module is named or none of its exports is a task
 */
export async function loadTasks(path: string | undefined): Promise<LoadedModule> {
  if (path === undefined) throw new UsageError("which tasks? Name the module that exports them: -A ./tasks.ts");
  const loaded = await loadModule(path);
  if (loaded.tasks.length > 0) return loaded;
  throw new UsageError(
    `-A ${path}: no task was found; ${lookedAmong} were looked through. Export what defineTask makes`,
  );
}

async function load(path: string, url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new UsageError(`-A ${path}: it cannot be loaded: ${described(error)}`);
  }
}

/** A mistake in the user's own file is found by its line, which only the stack has. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.stack?.split("\n").slice(0, 4).join("\n") ?? error.message;
}
