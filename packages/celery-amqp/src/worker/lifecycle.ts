import { CeleryError } from "../ports/errors.ts";
import type { LogFields, Logger } from "../ports/logger.ts";
import type { Observers } from "./reporting/observers.ts";
import { nextState, type WorkerMove, type WorkerState } from "./rules/lifecycle.ts";

/** The state of a worker, and its moves, which are logged and emitted. */
export class Lifecycle {
  readonly #name: string;
  readonly #log: Logger;
  readonly #observers: Observers;
  #state: WorkerState = "new";

  constructor(name: string, log: Logger, observers: Observers) {
    this.#name = name;
    this.#log = log;
    this.#observers = observers;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /**
   * @throws CeleryError `worker-state` for a move that the state does not have
   */
  move(move: WorkerMove, fields: LogFields = {}): void {
    const from = this.#state;
    const to = nextState(from, move);
    if (to === null)
      throw new CeleryError("worker-state", `A worker that is ${from} cannot ${move}. Create a new one.`);
    this.#state = to;
    this.#log.info(`worker ${to}`, { worker: this.#name, ...fields });
    this.#observers.emit({ type: "stateChanged", from, to });
  }
}
