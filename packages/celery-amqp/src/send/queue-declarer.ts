import { type QueueTopology, taskQueue, type BrokerTopology } from "@leveret/celery-protocol/routing";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { Transport } from "../ports/transport.ts";
import type { QueueAllowance } from "./queue-allowance.ts";
import type { QueueTable } from "./queue-table.ts";
import type { DeclarePolicy } from "./queues.ts";

/** The dependencies of a queue declarer. */
export interface QueueDeclarerParts {
  readonly transport: Transport;
  readonly logger: Logger;
  readonly queues: QueueTable;
  /** Default policy of queues. */
  readonly policy: DeclarePolicy;
  /** For queues that only messages name. Default: all of them are declared. */
  readonly allowance?: QueueAllowance;
}

/**
 * Declares a queue before the first message to it, with its exchange and binding, once in a client's life. If the queue
 * is deleted later, a message is unroutable and the queue is declared again; so no message waits after a reconnect for
 * a declaration that a failing node does not answer. If a queue exists with other arguments and the user specified
 * none, or the permission to declare it is missing, the existing queue is used.
 */
export class QueueDeclarer {
  readonly #parts: QueueDeclarerParts;
  readonly #declared = new Map<string, Promise<void>>();
  readonly #ready = new Set<string>();
  #isSpent = false;

  constructor(parts: QueueDeclarerParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the queue exists. A queue that only a message names is not declared beyond the budget: the message is
   * unroutable where the queue does not exist.
   *
   * @throws CeleryError `not-found` or `access-refused` where the queue does not exist and cannot be declared, and the
   * errors of `declare`
   */
  ensure(queue: string, isNamedByMessage = false): Promise<void> {
    const known = this.#declared.get(queue);
    if (known !== undefined) return known;
    if (isNamedByMessage && !this.#allows(queue)) return Promise.resolve();
    const declared = this.#declareOnce(queue);
    this.#declared.set(queue, declared);
    return declared;
  }

  /** Whether `ensure` has resolved for the queue. */
  isDeclared(queue: string): boolean {
    return this.#ready.has(queue);
  }

  #allows(queue: string): boolean {
    const { allowance, logger, queues } = this.#parts;
    if (allowance === undefined || queues.queues.has(queue)) return true;
    const isAllowed = allowance.take();
    if (!isAllowed && !this.#isSpent) {
      logger.warn("queues that only messages name are no longer declared, the budget is used up", {
        queue,
      });
    }
    this.#isSpent = !isAllowed;
    return isAllowed;
  }

  /** Marks the queue as deleted, so that the next send declares it again. False where it is never declared. */
  forget(queue: string): boolean {
    this.#declared.delete(queue);
    this.#ready.delete(queue);
    return this.#policyOf(queue) === "active";
  }

  async #declareOnce(queue: string): Promise<void> {
    try {
      await this.#declare(queue);
      this.#ready.add(queue);
    } catch (error) {
      this.#declared.delete(queue); // the next send tries again
      throw error;
    }
  }

  async #declare(queue: string): Promise<void> {
    const { queues, transport } = this.#parts;
    const policy = this.#policyOf(queue);
    if (policy === "off") return;
    const known = queues.queues.get(queue);
    const topology = known?.topology ?? taskQueue(queue);
    if (policy === "passive") return transport.declare(existing(topology), "passive");
    try {
      await transport.declare(topology, "active");
    } catch (error) {
      if (!isRefusal(error) || (error.code === "queue-mismatch" && known?.isSpecified === true)) throw error;
      await this.#takeAsItIs(topology, error);
    }
  }

  #policyOf(queue: string): DeclarePolicy {
    const { queues, policy } = this.#parts;
    return queues.queues.get(queue)?.declare ?? policy;
  }

  async #takeAsItIs(topology: QueueTopology, refusal: CeleryError): Promise<void> {
    const { queue } = topology;
    try {
      await this.#parts.transport.declare(existing(topology), "passive");
    } catch (error) {
      if (!(error instanceof CeleryError) || error.code !== "not-found") throw error;
      throw new CeleryError(
        refusal.code,
        `The queue does not exist and cannot be declared: "${queue}" (${refusal.message}) Declare it by other means, or give this user the permission.`,
        { cause: refusal },
      );
    }
    this.#parts.logger.info("the queue exists and is used as it is", { queue, reason: refusal.message });
  }
}

function isRefusal(error: unknown): error is CeleryError {
  return error instanceof CeleryError && (error.code === "queue-mismatch" || error.code === "access-refused");
}

/** Only the queue: its exchange may be missing, and messages do not need it. */
function existing({ queues }: QueueTopology): BrokerTopology {
  return { exchanges: [], queues, bindings: [] };
}
