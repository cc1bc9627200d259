import type { ResultMeta } from "@leveret/celery-protocol";
import type { KeptLimits } from "./options.ts";

/** A bounded cache of the latest states: the oldest are dropped, since Redis still has them. */
export class KeptResults {
  readonly #limits: KeptLimits;
  readonly #kept = new Map<string, { readonly meta: ResultMeta; readonly bytes: number }>();
  #bytes = 0;

  constructor(limits: KeptLimits) {
    this.#limits = limits;
  }

  /** @param bytes - its size on the wire */
  keep(meta: ResultMeta, bytes: number): void {
    this.drop(meta.taskId);
    this.#kept.set(meta.taskId, { meta, bytes });
    this.#bytes += bytes;
    for (const taskId of this.#kept.keys()) {
      if (this.#kept.size <= this.#limits.maxResults && this.#bytes <= this.#limits.maxBytes) return;
      this.drop(taskId);
    }
  }

  latest(taskId: string): ResultMeta | null {
    return this.#kept.get(taskId)?.meta ?? null;
  }

  drop(taskId: string): void {
    this.#bytes -= this.#kept.get(taskId)?.bytes ?? 0;
    this.#kept.delete(taskId);
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }
}
