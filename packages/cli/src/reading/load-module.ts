import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { lookedAmong, type TaskDefinition, tasksAmong } from "@leveret/celery-amqp";
import { UsageError } from "../terminal/terminal.ts";

/** The exports of a module given by `-A`. */
export interface LoadedModule {
  /** URL of the module, for children that load it again. */
  readonly url: string;
  /** Its exports by name. */
  readonly exports: Readonly<Record<string, unknown>>;
  /** All exported tasks, also those in exported lists and plain objects. */
  readonly tasks: readonly TaskDefinition[];
}

/**
 * Loads a module by its path, from the working directory. Node strips types itself, so TypeScript that is more than
 * types (enums, parameter properties) is refused.
 *
 * @throws UsageError where the file is missing or cannot be loaded
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`The module does not exist: -A ${path}. Name an existing file.`);
  const { href: url } = pathToFileURL(file);
  const exports = await load(path, url);
  return { url, exports, tasks: tasksAmong(exports) };
}

/**
 * As `loadModule`, for commands that need tasks.
 *
 * @throws UsageError as `loadModule`, and where no module is named or none of its exports is a task
 */
export async function loadTasks(path: string | undefined): Promise<LoadedModule> {
  if (path === undefined) throw new UsageError("The module of the tasks is missing. Name it: -A ./tasks.ts.");
  const loaded = await loadModule(path);
  if (loaded.tasks.length > 0) return loaded;
  throw new UsageError(
    `The module exports no task: -A ${path} (searched: ${lookedAmong}). Export tasks made by defineTask.`,
  );
}

async function load(path: string, url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new UsageError(`The module cannot be loaded: -A ${path} (${described(error)})`);
  }
}

/** The stack has the line of an error in the user's own file. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.stack?.split("\n").slice(0, 4).join("\n") ?? error.message;
}
