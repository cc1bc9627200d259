import { either, flag, integer, methods, oneOf, props, type Shape, string, text } from "@leveret/options";
import { type FleetOptions, fleetShapes, type ResolvedFleet, resolveFleet } from "../fleet/options.ts";
import { openResults, type ResultsOption } from "../fleet/results.ts";
import { guardedLogger, type Logger, silentLogger } from "../ports/logger.ts";
import { checkOptions } from "../ports/options.ts";
import type { ResultSource } from "../results/backend.ts";
import type { PendingLimits } from "../results/pending.ts";
import type { DeclarePolicy } from "../send/queues.ts";

/** Options of a client. All of them have a default. */
export interface CreateClientOptions extends Omit<FleetOptions, "results"> {
  /** As of the fleet, or a backend of your own. */
  readonly results?: ResultsOption | ResultSource;
  /** Name of the connections in the broker's management. Default `leveret`. */
  readonly name?: string;
  /** Results kept for readers that come later; beyond the limits the oldest are dropped. Default 10 000 results, 64 MB. */
  readonly keepResults?: Partial<PendingLimits>;
  /**
   * Before the first message to a queue: declare it as Celery does (`active`, default), only ask that it exists
   * (`passive`, needs no right to configure), or nothing (`off`).
   */
  readonly declare?: DeclarePolicy;
  /** Check arguments by the task's schema before they are sent. Default true; workers check them in any case. */
  readonly validate?: boolean;
  /** Send Celery's monitors an event for each task that is sent: `task-sent`, Celery's `task_send_sent_event`. Default false. */
  readonly taskSentEvents?: boolean;
}

/** The same, complete and checked. */
export interface ResolvedClient extends ResolvedFleet {
  readonly results: "rpc" | "amqp" | false | ResultSource;
  readonly keepResults: PendingLimits;
  readonly declare: DeclarePolicy;
  readonly validate: boolean;
  readonly taskSentEvents: boolean;
  readonly logger: Logger;
}

const source: Shape = methods("a result backend", "replyTo", "prepare", "watch", "latest", "forget", "close");

const clientShape = props<CreateClientOptions>({
  ...fleetShapes,
  results: either(source, either(string, oneOf(false))),
  name: text(),
  keepResults: props<Partial<PendingLimits>>({ maxResults: integer(0), maxBytes: integer(0) }),
  declare: oneOf("active", "passive", "off"),
  validate: flag,
  taskSentEvents: flag,
});

/** @throws CeleryError `option-invalid`, naming the option */
export function resolveClient(options: CreateClientOptions): ResolvedClient {
  checkOptions(clientShape, options, "the client");
  const { declare = "active", validate = true, taskSentEvents = false, keepResults = {} } = options;
  const { maxResults = 10_000, maxBytes = 64_000_000 } = keepResults;
  const logger = guardedLogger(options.logger ?? silentLogger);
  return {
    ...resolveFleet(options),
    results: openResults(options.results, logger),
    keepResults: { maxResults, maxBytes },
    declare,
    validate,
    taskSentEvents,
    logger,
  };
}
