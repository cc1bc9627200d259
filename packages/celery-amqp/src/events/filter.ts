import { type CeleryEvent, eventTypeOf } from "@leveret/celery-protocol/events";
import { eventQueue, matchesGlob, type BrokerTopology } from "@leveret/celery-protocol/routing";

/**
 * Filters of a monitor; an event must pass all of them. All three take shell patterns, as Celery's routes do: `*`, `?`,
 * `[a-z]`.
 */
export interface EventFilters<Type extends string = string> {
  /** By type: `["task-failed", "worker-*"]`. Only their groups are bound at the broker. Default all. */
  readonly types?: readonly Type[];
  /**
   * Only events about tasks of these names. Most events have the id of their task and not its name; they pass if the
   * monitor received the task's `task-sent` or `task-received` before. Default all events, also of workers.
   */
  readonly tasks?: readonly string[];
  /** By node name of the sender: `["celery@web-*"]`. Default all. */
  readonly hostnames?: readonly string[];
}

/** Tasks whose names are remembered for events that have only the id. */
const rememberedTasks = 10_000;

/** Creates the predicate of a monitor's filters. Must be called with every event, in order. */
export function createEventFilter({ types, tasks, hostnames }: EventFilters): (event: CeleryEvent) => boolean {
  const isOfTasks = tasks === undefined ? () => true : createTaskFilter(tasks);
  return (event) => isOfTasks(event) && fits(eventTypeOf(event), types) && fits(event.hostname, hostnames);
}

/** The queue of one monitor, bound by the groups of the types it wants. Source: celery/events/receiver.py. */
export function monitorQueue(id: string, { types, tasks }: EventFilters): BrokerTopology & { readonly queue: string } {
  const bindings = patternsOf(types, tasks !== undefined).flatMap((pattern) => eventQueue(id, { pattern }).bindings);
  return { ...eventQueue(id), bindings };
}

/**
 * Batches have the routing key `<group>.multi`, so no key stands for one type; only the group `task` has names of
 * tasks.
 */
function patternsOf(types: readonly string[] | undefined, byTask: boolean): readonly string[] {
  const groups = (types ?? ["*"]).map((type) => type.split("-", 1).join());
  if (groups.some((group) => /[*?[#]/.test(group))) return ["#"];
  return [...new Set([...groups, ...(byTask ? ["task"] : [])])].map((group) => `${group}.#`);
}

function createTaskFilter(patterns: readonly string[]): (event: CeleryEvent) => boolean {
  const wanted = new Set<string>();
  return (event) => {
    const uuid = taskOf(event);
    if (uuid === null) return false;
    if ("name" in event && event.name !== undefined && fits(event.name, patterns)) remember(wanted, uuid);
    return wanted.has(uuid);
  };
}

function remember(wanted: Set<string>, uuid: string): void {
  wanted.delete(uuid);
  wanted.add(uuid);
  if (wanted.size <= rememberedTasks) return;
  for (const oldest of wanted) {
    wanted.delete(oldest);
    return;
  }
}

function taskOf(event: CeleryEvent): string | null {
  if ("uuid" in event) return event.uuid;
  const uuid = event.extra?.["uuid"];
  return typeof uuid === "string" ? uuid : null;
}

function fits(text: string, patterns: readonly string[] | undefined): boolean {
  return patterns === undefined || patterns.some((pattern) => pattern === text || matchesGlob(text, pattern));
}
