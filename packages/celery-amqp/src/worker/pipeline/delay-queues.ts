import type { Address } from "@leveret/celery-protocol";
import {
  delayedTopology,
  type BindingDeclaration,
  type TaskQueueOptions,
  type BrokerTopology,
} from "@leveret/celery-protocol/routing";
import { CeleryError } from "../../ports/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Transport } from "../../ports/transport.ts";
import { celerysBindings, isParkable, parkingAddress, parkingBindings } from "../rules/park.ts";

/** What the delay needs of the worker. */
export interface DelayQueuesParts {
  readonly transport: Transport;
  readonly log: Logger;
}

/**
 * Celery's native delay, shared with all workers of the vhost: declared when the first task needs it, from its end to its
 * entry, and each queue bound to its end before. Where that is refused, tasks wait in memory, and one warning is logged.
 */
export class DelayQueues {
  readonly #parts: DelayQueuesParts;
  readonly #served = new Map<string, TaskQueueOptions>();
  readonly #bound = new Map<string, Promise<boolean>>();
  #levels: Promise<void> | null = null;
  #warned = false;

  constructor(parts: DelayQueuesParts) {
    this.#parts = parts;
  }

  /** The worker serves this queue from now on: it may be led back to. */
  serve(queue: string, declaration: TaskQueueOptions): void {
    this.#served.set(queue, declaration);
  }

  /**
   * The queue is consumed (again), and may have been declared again, without bindings, which delayed messages need.
   * Celery's clients delay what they send to a quorum queue behind a topic exchange, and declare nothing for it. Never
   * rejects: where the broker is away it is done when next needed.
   */
  async onConsumed(queue: string): Promise<void> {
    const wasBound = this.#bound.delete(queue);
    if (wasBound) this.#levels = null;
    if (wasBound || celerysBindings(queue, this.#served.get(queue)).length > 0)
      await this.#ready(queue).catch(() => {});
  }

  /**
   * Where to publish what is to come back to `queue` in `seconds`; null where the broker cannot keep it.
   *
   * @throws CeleryError as `declare` does, where it may be done later
   */
  async addressFor(queue: string, seconds: number): Promise<Address | null> {
    if (!this.#served.has(queue) || !isParkable(queue)) return null;
    return (await this.#ready(queue)) ? parkingAddress(queue, seconds) : null;
  }

  /** Something of it was deleted: it is declared again when next needed. */
  forget(): void {
    this.#levels = null;
    this.#bound.clear();
  }

  #ready(queue: string): Promise<boolean> {
    const known = this.#bound.get(queue);
    if (known !== undefined) return known;
    const binding = this.#bind(queue);
    this.#bound.set(queue, binding);
    return binding;
  }

  async #bind(queue: string): Promise<boolean> {
    try {
      const bindings = [...celerysBindings(queue, this.#served.get(queue)), ...ownBindings(queue)];
      await this.#parts.transport.declare({ ...delayedTopology().end, bindings });
      this.#levels ??= this.#declareLevels();
      await this.#levels;
      return true;
    } catch (error) {
      if (!isFinal(error)) {
        this.forget();
        throw error;
      }
      this.#warn(queue, error);
      return false;
    }
  }

  /** Another Celery may have made queues of it as classic ones: these are taken as they are. */
  async #declareLevels(): Promise<void> {
    const { transport } = this.#parts;
    const { levels, entry } = delayedTopology();
    if (!(await this.#declares(levels))) {
      for (const queue of levels.queues) await this.#declares({ ...nothing, queues: [queue] });
      await transport.declare({ ...levels, queues: [] });
    }
    await transport.declare(entry);
  }

  /** False where a queue of it exists with other arguments. */
  async #declares(topology: BrokerTopology): Promise<boolean> {
    try {
      await this.#parts.transport.declare(topology);
      return true;
    } catch (error) {
      if (error instanceof CeleryError && error.code === "queue-mismatch") return false;
      throw error;
    }
  }

  #warn(queue: string, error: CeleryError): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#parts.log.warn(
      "tasks that are due later wait in memory: the queues celery_delayed_0 to 27 cannot be used; let this user declare them, or another worker",
      { queue, error: error.message },
    );
  }
}

const nothing: BrokerTopology = { exchanges: [], queues: [], bindings: [] };

/** What the broker would answer again. */
function isFinal(error: unknown): error is CeleryError {
  return error instanceof CeleryError && (error.code === "access-refused" || error.code === "queue-mismatch");
}

function ownBindings(queue: string): readonly BindingDeclaration[] {
  return isParkable(queue) ? parkingBindings(queue) : [];
}
