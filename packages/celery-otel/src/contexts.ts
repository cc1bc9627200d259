import type { Context } from "@opentelemetry/api";

/**
 * The contexts of the latest runs by task id. The follow-ups of a task are sent when its handler has returned, or by a
 * child process without the context: they get their trace from here.
 */
export class RunContexts {
  readonly #limit: number;
  readonly #contexts = new Map<string, Context>();

  /** @param limit - runs kept; beyond this number the oldest are dropped */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The context of the latest run of a task. */
  of(taskId: string | null): Context | undefined {
    return taskId === null ? undefined : this.#contexts.get(taskId);
  }

  keep(taskId: string, context: Context): void {
    this.#contexts.delete(taskId);
    this.#contexts.set(taskId, context);
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= this.#limit) return;
      this.#contexts.delete(oldest);
    }
  }
}
