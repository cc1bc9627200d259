import { type QueueTopology, taskQueue, type BrokerTopology } from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { Transport } from "../ports/transport.ts";
import type { QueueAllowance } from "./queue-allowance.ts";
import type { QueueTable } from "./queue-table.ts";
import type { DeclarePolicy } from "./queues.ts";

/** What declaring needs. */
export interface QueueDeclarerParts {
  readonly transport: Transport;
  readonly logger: Logger;
  readonly queues: QueueTable;
  /** For queues of which nothing else was said. */
  readonly policy: DeclarePolicy;
  /** For queues that nothing but messages name. Default: all of them are declared. */
  readonly allowance?: QueueAllowance;
}

/**
 * Sees to it that a queue is there before something is sent to it: once in a client's life, with its exchange and binding.
 * A queue that is gone later makes a message unroutable, and is then declared again: after a reconnect no message waits for
 * a declaration that a node in trouble does not answer. A queue of which nothing was said and that others declared otherwise is taken as it is, and so is any
 * that exists and that we may not declare.
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
   * Resolves when the queue is there. One that nothing but a message names, where too many were, is not looked after: the
   * message is unroutable where it does not exist.
   *
   * @throws CeleryError `not-found` or `access-refused` where it is not there and cannot be made, and what `declare` throws
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
      logger.warn(
        "queues that only messages name are not declared any more: list them in queues, or raise budget.queues",
        {
          queue,
        },
      );
    }
    this.#isSpent = !isAllowed;
    return isAllowed;
  }

  /** Has the queue declared anew before the next send: it was deleted. False where it is never declared. */
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
        `Queue "${queue}" does not exist and could not be declared: ${refusal.message}. Declare it by other means, or let this user do it`,
        { cause: refusal },
      );
    }
    this.#parts.logger.info(`Queue "${queue}" is used as it is`, { queue, reason: refusal.message });
  }
}

function isRefusal(error: unknown): error is CeleryError {
  return error instanceof CeleryError && (error.code === "queue-mismatch" || error.code === "access-refused");
}

/** Only the queue: its exchange may be missing where others made it, and messages do not need it. */
function existing({ queues }: QueueTopology): BrokerTopology {
  return { exchanges: [], queues, bindings: [] };
}
