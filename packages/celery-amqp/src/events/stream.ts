import type { CeleryEvent, EventType } from "@leveret/celery-protocol/events";
import { instance, integer, list, props, type Shape, text } from "@leveret/options";
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

/** Those events of a union that may have a type. */
export type EventWith<Each, Type extends EventType> = Each extends { readonly type: infer Own }
  ? Type extends Own
    ? Each
    : never
  : never;

/** The event of a type, where the type is one that Celery sends; any event for patterns and for types of your own. */
export type EventOf<Type extends string> = Type extends EventType ? EventWith<CeleryEvent, Type> : CeleryEvent;

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
  /** The stream itself. */
  [Symbol.asyncIterator](): EventStream<Of>;
}

const patterns = list(text(), { least: 1, wanted: "a list of strings, at least one" });

/** The shape of the options of an event stream. */
export const eventStreamShape: Shape = props<EventStreamOptions>({
  types: patterns,
  tasks: patterns,
  hostnames: patterns,
  signal: instance("an AbortSignal", AbortSignal),
  maxWaiting: integer(1),
});
