import { type CallOptions, CeleryError, type TaskDefinition } from "@leveret/celery-amqp";
import type { EntryArguments } from "./entry-arguments.ts";
import { type ResolvedSchedule, type Schedule, resolveSchedule } from "./schedule.ts";
import type { Zone } from "./zone.ts";

/** One periodic call: an entry of Celery's `beat_schedule`. */
export type BeatEntry<Each extends TaskDefinition | string = TaskDefinition | string> = EntryOptions<Each> &
  EntryArguments<Each>;

/** An entry without its arguments. */
export interface EntryOptions<Each extends TaskDefinition | string> {
  /** The task, or its name where this program does not know it. */
  readonly task: Each;
  /** When the task is sent. */
  readonly schedule: Schedule;
  /** Options of each call. `expires` counts from each tick. The beat sets the id, so `id` is not allowed. */
  readonly options?: Omit<CallOptions, "id" | "eta" | "signal">;
  /** False leaves the entry out. Default true. */
  readonly enabled?: boolean;
}

/** Entries by their names. The name identifies the entry in the beat's state and in the ids of its tasks. */
export type BeatSchedule<
  Tasks extends Readonly<Record<string, TaskDefinition | string>> = Readonly<Record<string, TaskDefinition | string>>,
> = { readonly [Name in keyof Tasks]: BeatEntry<Tasks[Name]> };

/** An entry that is checked. */
export interface ResolvedEntry {
  readonly name: string;
  readonly task: string;
  readonly schedule: ResolvedSchedule;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
}

const known: ReadonlySet<string> = new Set([
  "task",
  "schedule",
  "args",
  "kwargs",
  "options",
  "enabled",
] satisfies (keyof BeatEntry)[]);

/**
 * Checks entries; those that are not enabled are left out.
 *
 * @throws CeleryError `option-invalid`, naming the entry
 */
export function resolveEntries(schedule: BeatSchedule, zone: Zone): readonly ResolvedEntry[] {
  if (!isTable(schedule)) refuse("entries", schedule, "entries by their names");
  return Object.entries(schedule)
    .filter(([, entry]) => (entry as Partial<BeatEntry> | null)?.enabled !== false)
    .map(([name, entry]) => resolveEntry(name, entry, zone));
}

function resolveEntry(name: string, entry: BeatEntry, zone: Zone): ResolvedEntry {
  const where = `entry "${name}"`;
  if (!isTable(entry)) refuse(where, entry, "an object with task and schedule");
  const alien = Object.keys(entry).find((option) => !known.has(option));
  if (alien !== undefined) refuse(`${where}: option`, alien, `one of ${[...known].join(", ")}`);
  const { task, schedule, args = [], kwargs = {}, options = {} } = entry;
  if (!Array.isArray(args)) refuse(`${where}: args`, args, "a list");
  if (!isTable(kwargs)) refuse(`${where}: kwargs`, kwargs, "an object");
  if (!isTable(options) || "id" in options || "eta" in options)
    refuse(`${where}: options`, options, "options of a call, without id and eta");
  return {
    name,
    task: nameOf(task, where),
    schedule: resolveSchedule(schedule, zone, where),
    args,
    kwargs,
    options: { ...(typeof task === "object" && task.options), ...options },
  };
}

function nameOf(task: TaskDefinition | string, where: string): string {
  const name: unknown = typeof task === "object" && task !== null ? task.name : task;
  return typeof name === "string" && name !== "" ? name : refuse(`${where}: task`, task, "a task, or a task's name");
}

function isTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new CeleryError(
    "option-invalid",
    `${option} is ${JSON.stringify(value) ?? typeof value}: it must be ${wanted}`,
  );
}
