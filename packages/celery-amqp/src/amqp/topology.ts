import type {
  BindingDeclaration,
  ExchangeDeclaration,
  QueueDeclaration,
  BrokerTopology,
} from "@leveret/celery-protocol/routing";
import type { Channel } from "amqplib";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { DeclareMode, QueueInfo } from "../ports/transport.ts";
import { brokerText, differingArgument, passingIfQueueAway, replyCode } from "./errors.ts";
import type { Link, RequestLimit } from "./link.ts";
import { toFields } from "./table.ts";

/** Settings of the broker that were learnt from its refusals; kept as long as the transport. */
export interface BrokerHabits {
  /**
   * The broker refuses queues that are neither durable nor exclusive (RabbitMQ 4,
   * `deprecated_features.permit.transient_nonexcl_queues`).
   */
  deniesTransient: boolean;
}

/** Dependencies of a declaration. */
export interface DeclareParts {
  readonly logger: Logger;
  readonly habits: BrokerHabits;
  /** For each request. Absent: a request without an answer ends the connection. */
  readonly limit?: RequestLimit | undefined;
}

/**
 * Declares exchanges, then queues, then bindings. Two refusals are not errors. A queue declared without arguments that
 * exists with arguments (a quorum queue, for example) is used as it is, since a plain Python client declares none.
 * Without the permission to declare, existing queues and exchanges are used.
 *
 * @throws CeleryError with code `queue-mismatch`, `access-refused`, `not-found`, `rpc-timeout` or `connection-lost`,
 * the last also while the node of a queue is down.
 */
export async function declareTopology(
  link: Link,
  topology: BrokerTopology,
  mode: DeclareMode,
  { logger, habits, limit }: DeclareParts,
): Promise<void> {
  const declarer = new Declarer(link, logger, habits, limit);
  try {
    for (let attempt = 1; !(await declaresAll(declarer, topology, mode, attempt === maxAttempts)); attempt += 1);
    // A node that is cut off answers declarations of existing queues, and no bindings (4.3).
    if (mode === "active" && topology.bindings.length > 0) link.declared += 1;
  } catch (error) {
    throw passingIfQueueAway(error);
  } finally {
    await declarer.close();
  }
}

/** Another program may delete a queue between its declaration and its binding, repeatedly. */
const maxAttempts = 5;

/** False: a queue was deleted between its declaration and its binding. */
async function declaresAll(
  declarer: Declarer,
  topology: BrokerTopology,
  mode: DeclareMode,
  isLast: boolean,
): Promise<boolean> {
  for (const exchange of topology.exchanges) await declarer.exchange(exchange, mode);
  for (const queue of topology.queues) await declarer.queue(queue, mode);
  if (mode === "passive") return true;
  try {
    for (const binding of topology.bindings) await declarer.binding(binding);
    return true;
  } catch (error) {
    if (isLast || !(error instanceof CeleryError) || error.code !== "not-found") throw error;
    return false;
  }
}

/** Null: the queue does not exist. @throws CeleryError as `declareTopology`. */
export async function inspectQueue(
  link: Link,
  name: string,
  logger: Logger,
  limit?: RequestLimit,
): Promise<QueueInfo | null> {
  const declarer = new Declarer(link, logger, undefined, limit);
  try {
    const { messageCount, consumerCount } = await declarer.ask(`inspect queue "${name}"`, (channel) =>
      channel.checkQueue(name),
    );
    return { name, messageCount, consumerCount };
  } catch (error) {
    if (error instanceof CeleryError && error.code === "not-found") return null;
    throw error;
  } finally {
    await declarer.close();
  }
}

/** A missing queue is no error. @throws CeleryError as `declareTopology`. */
export async function deleteQueue(link: Link, name: string, logger: Logger): Promise<void> {
  const declarer = new Declarer(link, logger);
  try {
    await declarer.ask(`delete queue "${name}"`, (channel) => channel.deleteQueue(name));
  } finally {
    await declarer.close();
  }
}

/** Number of messages dropped; 0 for a missing queue. @throws CeleryError as `declareTopology`. */
export async function purgeQueue(link: Link, name: string, logger: Logger): Promise<number> {
  const declarer = new Declarer(link, logger);
  try {
    const { messageCount } = await declarer.ask(`purge queue "${name}"`, (channel) => channel.purgeQueue(name));
    return messageCount;
  } catch (error) {
    if (error instanceof CeleryError && error.code === "not-found") return 0;
    throw error;
  } finally {
    await declarer.close();
  }
}

/** Sends requests on a channel of its own, and on a new one after each refusal, which closes the channel. */
class Declarer {
  readonly #link: Link;
  readonly #logger: Logger;
  /** Queues and exchanges that are used without the permission to declare them. */
  readonly #foreign = new Set<string>();
  readonly #habits: BrokerHabits;
  readonly #limit: RequestLimit | undefined;
  #channel: Channel | null = null;

  constructor(link: Link, logger: Logger, habits: BrokerHabits = { deniesTransient: false }, limit?: RequestLimit) {
    this.#limit = limit;
    this.#link = link;
    this.#logger = logger;
    this.#habits = habits;
  }

  async ask<T>(what: string, request: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = this.#channel ?? (await this.#open());
    try {
      return await this.#link.request(what, () => request(channel), this.#limit);
    } catch (error) {
      // A request without an answer leaves its channel waiting in amqplib.
      this.#channel = null;
      channel.close().catch(() => {});
      throw error;
    }
  }

  async exchange(exchange: ExchangeDeclaration, mode: DeclareMode): Promise<void> {
    const { name, type, durable, autoDelete } = exchange;
    if (name === "") return;
    const what = `declare exchange "${name}"`;
    const check = () => this.ask(what, (channel) => channel.checkExchange(name));
    if (mode === "passive") return void (await check());
    const options = { durable, autoDelete, arguments: toFields(exchange.arguments ?? {}) };
    await this.#orAsItIs(what, check, () => this.ask(what, (channel) => channel.assertExchange(name, type, options)));
  }

  async queue(queue: QueueDeclaration, mode: DeclareMode): Promise<void> {
    const { name, autoDelete, exclusive } = queue;
    const durable = queue.durable || (this.#habits.deniesTransient && !exclusive);
    const what = `declare queue "${name}"`;
    const check = () => this.ask(what, (channel) => channel.checkQueue(name));
    if (mode === "passive") return void (await check());
    const options = { durable, autoDelete, exclusive, arguments: toFields(queue.arguments ?? {}) };
    const declare = () => this.ask(what, (channel) => channel.assertQueue(name, options));
    try {
      await this.#orAsItIs(what, check, () => this.#orWithItsArguments(queue, check, declare));
    } catch (error) {
      throw this.#learnFrom(error, name);
    }
  }

  /** The broker closed the connection (541) for a transient queue; the next attempt declares it durable. */
  #learnFrom(error: unknown, queue: string): unknown {
    if (this.#habits.deniesTransient || !/transient_nonexcl_queues/.test(brokerText(error))) return error;
    this.#habits.deniesTransient = true;
    this.#logger.info("the broker permits no transient queues, they are declared durable", { queue });
    return new CeleryError(
      "connection-lost",
      `The broker permits no transient queues: "${queue}" (541). Try again: it is declared durable.`,
    );
  }

  async binding(binding: BindingDeclaration): Promise<void> {
    const { source, destination, destinationType, routingKey } = binding;
    if (source === "") return;
    const table = toFields(binding.arguments ?? {});
    const what = `bind ${destinationType} "${destination}" to exchange "${source}"`;
    const bind = () =>
      this.ask(what, (channel) =>
        destinationType === "queue"
          ? channel.bindQueue(destination, source, routingKey, table)
          : channel.bindExchange(destination, source, routingKey, table),
      );
    try {
      await bind();
    } catch (error) {
      const isForeign = this.#foreign.has(`declare ${destinationType} "${destination}"`);
      if (!isForeign || !lacksRight(error)) throw error;
      this.#logger.warn(unseen, { request: what });
    }
  }

  async close(): Promise<void> {
    const channel = this.#channel;
    this.#channel = null;
    if (channel !== null && !this.#link.isLost) {
      await this.#link.request("close a channel", () => channel.close(), this.#limit).catch(() => {});
    }
  }

  async #open(): Promise<Channel> {
    const channel = await this.#link.openChannel(this.#limit);
    // The failed request throws the error; without a listener the event would end the process.
    channel.on("error", () => {});
    this.#channel = channel;
    return channel;
  }

  /** Without the permission to declare, the existing queue or exchange is used. */
  async #orAsItIs(what: string, check: () => Promise<unknown>, declare: () => Promise<unknown>): Promise<void> {
    try {
      await declare();
    } catch (error) {
      if (!lacksRight(error)) throw error;
      // RabbitMQ 4 refuses even a passive declare to a user without any permission on it.
      const found = await check().catch((reason: unknown) => (lacksRight(reason) ? null : undefined));
      if (found === undefined) throw error;
      this.#foreign.add(what);
      this.#logger.info(found === null ? unseen : existing, { request: what });
    }
  }

  /** Declared without arguments, the queue may exist with any. */
  async #orWithItsArguments(
    queue: QueueDeclaration,
    check: () => Promise<unknown>,
    declare: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await declare();
    } catch (error) {
      const argument = differingArgument(error);
      const namesNone = Object.keys(queue.arguments ?? {}).length === 0;
      if (!namesNone || argument === null || !argument.startsWith("x-")) throw error;
      await check();
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.info("the queue exists with other arguments and is used as it is", { queue: queue.name, reason });
    }
  }
}

const unseen = "no permission to declare, the existing one is assumed";
const existing = "no permission to declare, the existing one is used";

/** 405 has the same error code here, but is no missing permission: the queue is exclusive to another connection. */
function lacksRight(error: unknown): boolean {
  return replyCode(error) === 403;
}
