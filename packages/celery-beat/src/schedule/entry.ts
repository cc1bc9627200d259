import { type CallOptions, checkCallOptions, type TaskDefinition } from "@leveret/celery-amqp";
import { either, fail, flag, isObject, list, object, props, record, type Shape, shape, text } from "@leveret/options";
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

const any: Shape = () => [];
const taskOrName = either(
  shape("a task", (value) => isObject(value) && typeof value["name"] === "string" && value["name"] !== ""),
  text("a task's name"),
);
const callOptions: Shape = (value) =>
  isObject(value) && ("id" in value || "eta" in value)
    ? fail(value, "Give options of a call without id and eta: the beat chooses both")
    : object(value);

/** The shape of entries. */
export const entriesShape: Shape = record(
  props<BeatEntry>({
    "task*": taskOrName,
    "schedule*": any,
    args: list(any),
    kwargs: object,
    options: callOptions,
    enabled: flag,
  }),
);

/**
 * Completes entries that have their shape; those that are not enabled are left out.
 *
 * @throws CeleryError `option-invalid`, naming the entry
 */
export function resolveEntries(schedule: BeatSchedule, zone: Zone): readonly ResolvedEntry[] {
  return Object.entries(schedule)
    .filter(([, entry]) => entry.enabled !== false)
    .map(([name, entry]) => resolveEntry(name, entry, zone));
}

function resolveEntry(name: string, entry: BeatEntry, zone: Zone): ResolvedEntry {
  const where = `entry "${name}"`;
  const { task, schedule, args = [], kwargs = {}, options = {} } = entry;
  checkCallOptions(options, `${where} of the beat`);
  return {
    name,
    task: typeof task === "object" ? task.name : task,
    schedule: resolveSchedule(schedule, zone, where),
    args,
    kwargs,
    options: { ...(typeof task === "object" && task.options), ...options },
  };
}
