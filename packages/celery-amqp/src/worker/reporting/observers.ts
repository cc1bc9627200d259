import { isPromise } from "node:util/types";
import type { Logger } from "../../ports/logger.ts";
import { describeThrown } from "../../ports/thrown.ts";
import type { TransportState } from "../../ports/transport.ts";
import { apart } from "../../task/current-task.ts";
import type { WorkerState } from "../rules/lifecycle.ts";
import type { TaskEvent } from "../rules/event.ts";

/** All events of `worker.on`, as a union on `type`. */
export type WorkerEvent =
  | TaskEvent
  | { readonly type: "stateChanged"; readonly from: WorkerState; readonly to: WorkerState }
  /** Its connections to the broker, taken together, are in another state. */
  | { readonly type: "connectionChanged"; readonly state: TransportState };

/** The events by name. */
export type WorkerEvents = {
  readonly [Type in WorkerEvent["type"]]: Extract<WorkerEvent, { readonly type: Type }>;
};

type Listener = (event: never) => void;

/** The listeners of a worker. An error of a listener is logged and disturbs no other. */
export class Observers {
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** The returned function stops it and may be called twice. */
  on<Type extends keyof WorkerEvents>(type: Type, listener: (event: WorkerEvents[Type]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Whether anyone listens to events of a type. */
  hasListeners(type: keyof WorkerEvents): boolean {
    return (this.#listeners.get(type)?.size ?? 0) > 0;
  }

  emit(event: WorkerEvent): void {
    const listeners = this.#listeners.get(event.type);
    if (listeners === undefined) return;
    for (const listener of listeners) this.#tell(listener as (event: WorkerEvent) => void, event);
  }

  #tell(listener: (event: WorkerEvent) => unknown, event: WorkerEvent): void {
    try {
      const answer = apart(() => listener(event));
      if (isPromise(answer)) answer.catch((error: unknown) => this.#complain(event, error));
    } catch (error) {
      this.#complain(event, error);
    }
  }

  #complain(event: WorkerEvent, error: unknown): void {
    this.#log.error("a listener threw", { event: event.type, error: describeThrown(error) });
  }
}
