import type { Context } from "@opentelemetry/api";

/**
 * The contexts of the latest runs by the ids of their tasks. What follows from a task is sent when its handler has returned,
 * or by a child that knows no context: its trace is found here.
 */
export class RunContexts {
  readonly #limit: number;
  readonly #contexts = new Map<string, Context>();

  /** @param limit - runs remembered; beyond it the oldest are forgotten */
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
