import type { CeleryEvent, EventType } from "@leveret/celery-protocol/events";
import { CeleryError } from "../ports/errors.ts";
import { showValue } from "../ports/show.ts";
import type { EventFilters } from "./filter.ts";

/** Options of a stream of events. */
export interface EventStreamOptions<Type extends string = string> extends EventFilters<Type> {
  /** Ends the stream when aborted, without an error. */
  readonly signal?: AbortSignal;
  /**
   * Events kept for a reader that is slower than they come; beyond this number the oldest are dropped. Default 10 000.
   */
  readonly maxWaiting?: number;
}

type Typed<Each, Type extends EventType> = Each extends { readonly type: infer Own }
  ? Type extends Own
    ? Each
    : never
  : never;

/** The event of a type, where the type is one that Celery sends; any event for patterns and for types of your own. */
export type EventOf<Type extends string> = Type extends EventType ? Typed<CeleryEvent, Type> : CeleryEvent;

/**
 * The events of workers and tasks, from the moment it is `opened`. Events arrive in the order of the broker; those sent
 * while the connection is lost are missed, as by Celery's monitors.
 */
export interface EventStream<Of extends CeleryEvent = CeleryEvent>
  extends AsyncIterableIterator<Of, undefined>, AsyncDisposable {
  /**
   * Resolves when the broker queues events for it; rejects with the same error as reading.
   *
   * @throws CeleryError `broker-unreachable`, `access-refused`, `closed`, …
   */
  readonly opened: Promise<void>;
  /** Events dropped because they were not read in time. */
  readonly dropped: number;
  /** Messages that were not events. */
  readonly unreadable: number;
  /** Ends the stream; may be called twice, also while a reader waits for the next event. */
  return(): Promise<IteratorResult<Of, undefined>>;
  [Symbol.asyncIterator](): EventStream<Of>;
}

const names: ReadonlySet<string> = new Set([
  "types",
  "tasks",
  "hostnames",
  "signal",
  "maxWaiting",
] satisfies (keyof EventStreamOptions)[]);

/** @throws CeleryError `option-invalid`, naming the option */
export function checkEventStreamOptions(options: EventStreamOptions): void {
  const alien = Object.keys(options).find((name) => !names.has(name));
  if (alien !== undefined)
    throw new CeleryError("option-invalid", `events has no option "${alien}"; it has ${[...names].join(", ")}`);
  for (const option of ["types", "tasks", "hostnames"] as const) checkPatterns(option, options[option]);
  const { maxWaiting = 1, signal } = options;
  if (!Number.isInteger(maxWaiting) || maxWaiting < 1) refuse("maxWaiting", maxWaiting, "an integer from 1");
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse("signal", signal, "an AbortSignal");
}

function checkPatterns(option: string, patterns: unknown): void {
  if (patterns === undefined) return;
  const isList = Array.isArray(patterns) && patterns.length > 0;
  if (!isList || !patterns.every((pattern) => typeof pattern === "string" && pattern !== ""))
    refuse(option, patterns, "a list of strings, at least one");
}

function refuse(option: string, value: unknown, wanted: string): never {
  throw new CeleryError("option-invalid", `events: ${option} is ${showValue(value)}: it must be ${wanted}`);
}
