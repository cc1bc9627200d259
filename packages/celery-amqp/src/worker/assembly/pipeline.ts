import { Seldom } from "../../ports/seldom.ts";
import type { Transport } from "../../ports/transport.ts";
import type { ResultStore } from "../../results/backend.ts";
import { logicalName } from "../../send/queue-table.ts";
import type { Consumption } from "../consuming/consumption.ts";
import type { Readiness } from "../health/readiness.ts";
import { Copies } from "../pipeline/copies.ts";
import { DeadLetters } from "../pipeline/dead-letters.ts";
import type { Errbacks } from "../pipeline/errbacks.ts";
import { ReservedCounts } from "../pipeline/reserved-counts.ts";
import { Performer, type PerformParts } from "../pipeline/perform.ts";
import { Pipeline, type PipelineParts } from "../pipeline/pipeline.ts";
import { Requeue } from "../pipeline/requeue.ts";
import { Waits } from "../pipeline/waits.ts";
import { afterPart } from "../rules/chord.ts";
import type { AssemblyParts } from "./parts.ts";

/** How long a task waits to be settled while the broker is away; then its message is requeued, or was already. */
const retryBudgetMs = 60_000;

/** Tasks that have ended and wait to be settled, while others run. */
const unsettledLimit = 1_000;

/** What the pipeline of a worker uses. */
export interface DeliveriesParts
  extends
    Pick<AssemblyParts, "options" | "transport" | "clock" | "log" | "nodeName">,
    Pick<PipelineParts, "content" | "context" | "tasks" | "pool" | "slotPools" | "revoked" | "emit" | "delayQueues">,
    Pick<PerformParts, "send"> {
  readonly results: ResultStore;
  readonly readiness: Readiness;
  readonly errbacks: Errbacks;
  readonly consumption: Consumption;
}

/** The pipeline of a worker, with what its steps share. */
export function createPipeline(parts: DeliveriesParts): Pipeline {
  const { options, transport, clock, log, results, nodeName, send, emit, context } = parts;
  const { readiness, errbacks, consumption } = parts;
  const deadLetters = new DeadLetters({
    transport,
    nodeName,
    log,
    bounds: options.deadQueue,
    now: () => clock.now(),
    logicalName: (queue) => logicalName(options.queues, queue),
  });
  const waits = new Waits({
    clock,
    log,
    onObstacle: (obstacle, reason) => readiness.onObstacle(obstacle, reason),
    onCleared: (obstacle) => readiness.onCleared(obstacle),
  });
  const held = new ReservedCounts({ clock, onReserved: (queue, count) => consumption.onReserved(queue, count) });
  const requeue = new Requeue({ clock, held });
  const copies = new Copies(log);
  const performer = new Performer({
    clock,
    log,
    retryBudgetMs,
    waits,
    results,
    deadLetters,
    requeue,
    keepsDeadLetters: options.deadLetter,
    emit,
    onAckLost: (delivery) => copies.onAckLost(delivery),
    send,
    afterPart: ({ part, task }, progress) => afterPart(part, progress, task, context),
    callErrback: (call) => errbacks.call(call),
  });
  return new Pipeline({
    ...parts,
    copies,
    complaints: new Seldom(clock, log),
    retryBudgetMs,
    waits,
    held,
    requeue,
    performer,
    quiet: () => consumption.quiet(),
    wake: () => consumption.wake(),
    isEmpty: (queue) => isEmpty(transport, queue),
    publisher: transport.publisher,
    deliveryLimit: options.deliveryLimit,
    unknownTaskGraceMs: options.unknownTaskGraceMs,
    cancelOnConnectionLoss: options.cancelOnConnectionLoss,
    unsettledLimit,
    throttledLimit: options.scheduledLimit / 2, // the rest is for tasks that go back to the broker
  });
}

/** False where the broker does not answer. */
async function isEmpty(transport: Transport, queue: string): Promise<boolean> {
  const info = await transport.inspectQueue(queue).catch(() => undefined);
  return info === null || info?.messageCount === 0;
}
