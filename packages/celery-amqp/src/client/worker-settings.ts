import type { Inspect } from "../control/inspect.ts";
import type { Clock } from "../ports/clock.ts";
import { ResultTimeoutError } from "../task/errors.ts";
import type { ResolvedClient } from "./options.ts";

/** The dependencies of the comparison. */
export interface WorkerSettingsParts {
  readonly inspect: Pick<Inspect, "conf">;
  readonly clock: Clock;
  readonly options: Pick<ResolvedClient, "results" | "chords">;
}

/** The longest that a timed out wait is delayed by, once in the life of a client. */
const longestMs = 1_000;

/**
 * Compares the settings of workers with those of a client when a result does not come: results that are kept elsewhere
 * never arrive. The workers are asked once.
 */
export class WorkerSettings {
  readonly #parts: WorkerSettingsParts;
  #difference: Promise<string | null> | null = null;

  constructor(parts: WorkerSettingsParts) {
    this.#parts = parts;
  }

  /** The error of a wait, with the difference in its message where there is one. */
  readonly explain = async (error: ResultTimeoutError): Promise<ResultTimeoutError> => {
    this.#difference ??= this.#ask();
    const difference = await this.#difference;
    return difference === null ? error : new ResultTimeoutError(error.taskId, error.timeoutMs, difference);
  };

  async #ask(): Promise<string | null> {
    const { inspect, clock, options } = this.#parts;
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const stop = clock.setTimer(longestMs, () => resolve(null));
    const replies = await Promise.race([late, inspect.conf({ timeout: longestMs / 2_000 }).catch(() => null)]);
    stop();
    for (const [node, conf] of Object.entries(replies ?? {})) {
      const difference = differenceOf(options, conf as Readonly<Record<string, unknown>>);
      if (difference !== null) return `Worker ${node} ${difference}. Give both the same options.`;
    }
    return null;
  }
}

function differenceOf({ results, chords }: WorkerSettingsParts["options"], conf: Readonly<Record<string, unknown>>) {
  const own = typeof results === "object" ? (results.name ?? null) : results;
  const backend = conf["result_backend"];
  const its = backend === null ? false : typeof backend === "string" ? backend.split(":", 1).join() : undefined;
  // A worker with queues of the tasks answers reply queues, too.
  const fits =
    own === null || its === undefined || its === "custom" || own === its || (own === "rpc" && its === "amqp");
  if (!fits) return `keeps results in ${its || "no backend"}, and this client awaits them from ${own || "none"}`;
  const counter = conf["leveret_chords"];
  if (counter === undefined || counter === chords) return null;
  return `counts chords ${counter === null ? "by its results" : "on RabbitMQ"}, and this client ${chords === null ? "by its results" : "on RabbitMQ"}`;
}
