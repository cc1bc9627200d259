import type { Content, Tree, WireMessage } from "@leveret/celery-protocol";
import { type ControlRequest, decodeControlRequest, encodeControlReply } from "@leveret/celery-protocol/control";
import { controlQueue } from "@leveret/celery-protocol/routing";
import { DeclaredExchanges, exclusively } from "../../control/exchanges.ts";
import type { Clock } from "../../ports/clock.ts";
import { CeleryError } from "../../ports/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Delivery, Transport } from "../../ports/transport.ts";
import { isAddressed } from "./addressed.ts";
import type { Panel } from "./command.ts";
import type { ControlledWorker } from "./controlled-worker.ts";
import { dispatch } from "./dispatch.ts";
import { reprError } from "./python-error.ts";
import { SteadySubscription } from "./steady-subscription.ts";

/** What receiving commands takes. */
export interface MailboxParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly clock: Clock;
  readonly log: Logger;
  readonly panel: Panel;
  readonly worker: ControlledWorker;
}

/** A reply that cannot be delivered soon is of no use to anybody. */
const replyTimeoutMs = 10_000;

/** A queue that is out of reach holds up no other publishes. */
const answerTimeoutMs = 1_000;

/**
 * Receives the commands of remote control, on a channel of its own that comes back by itself, and answers them whatever the
 * slots do. Nothing that comes can end the worker. Source: kombu/pidbox.py `Node`, celery/worker/pidbox.py.
 */
export class Mailbox {
  readonly #parts: MailboxParts;
  readonly #exchanges: DeclaredExchanges;
  readonly #subscription: SteadySubscription;
  readonly #opened = Promise.withResolvers<void>();
  #isOpen = false;

  constructor(parts: MailboxParts) {
    const { transport, clock, log, worker } = parts;
    const topology = exclusively(controlQueue(worker.nodeName));
    this.#parts = parts;
    this.#exchanges = new DeclaredExchanges(transport);
    this.#subscription = new SteadySubscription({
      transport,
      clock,
      log,
      what: "commands of remote control",
      topology,
      onDelivery: (delivery) => void this.#receive(delivery),
    });
  }

  /** Resolves when it receives, or cannot yet: it tries on by itself. */
  start(): Promise<void> {
    return this.#subscription.start();
  }

  /**
   * Answers from now on. A worker that answers is taken for one that serves its queues, so requests that came before waited;
   * commands without an answer, such as revokes, did not.
   */
  open(): void {
    this.#isOpen = true;
    this.#opened.resolve();
  }

  /** Receives no more. Safe to call twice. */
  stop(): void {
    this.#subscription.stop();
    this.#exchanges.close();
  }

  async #receive({ message }: Delivery): Promise<void> {
    const { content, log, panel, worker } = this.#parts;
    try {
      const request = decodeControlRequest(message, content);
      worker.logicalClock.adjust(request.clock);
      if (!(await isAddressed(request, worker.nodeName))) return;
      if (request.replyTo !== null && (await this.#isTooLate(request))) return;
      log.debug("a command of remote control came", { method: request.method });
      const outcome = await dispatch(panel, request, worker);
      if (outcome !== null) await this.#reply(request, outcome.reply);
    } catch (error) {
      log.warn("a message of remote control is passed over", { reason: textOf(error) });
    }
  }

  /**
   * Waits until requests are answered. A request that waited and whose sender waits no more is dropped: it counts as not
   * carried out, and may come again. A hello between workers does not wait, since it brings revokes and asks for them.
   */
  async #isTooLate({ method, expires }: ControlRequest): Promise<boolean> {
    if (this.#isOpen || method === "hello") return false;
    await this.#opened.promise;
    return expires !== null && expires * 1_000 < this.#parts.clock.now();
  }

  async #reply({ method, ticket, replyTo }: ControlRequest, reply: Tree): Promise<void> {
    const { transport, log } = this.#parts;
    const refused = typeof reply === "object" && reply !== null && "error" in reply ? reply["error"] : null;
    if (refused !== null) log.warn("a command of remote control failed", { method, error: withoutValues(refused) });
    if (replyTo === null) return;
    if (!replyExchange.test(replyTo.exchange)) {
      log.warn("a command of remote control is not answered: its reply exchange is none of Celery's", { method });
      return;
    }
    const exchange = { name: replyTo.exchange, type: "direct", durable: false, autoDelete: false } as const;
    await this.#exchanges.ensure(exchange, "passive");
    const options = { mandatory: false, timeoutMs: replyTimeoutMs, answerTimeoutMs };
    try {
      await transport.publisher.publish(this.#encode(reply, ticket), replyTo, options);
    } catch (error) {
      this.#exchanges.onFailed(exchange.name, error);
      throw error;
    }
  }

  /** A reply that cannot be encoded is replaced by an error. */
  #encode(reply: Tree, ticket: string | null): WireMessage {
    const { content, worker } = this.#parts;
    const { nodeName, logicalClock } = worker;
    const encode = (body: Tree): WireMessage =>
      encodeControlReply({ nodeName, reply: body, ticket, clock: logicalClock.forward() }, content);
    try {
      return encode(reply);
    } catch (error) {
      return encode({ error: reprError(error) });
    }
  }
}

/**
 * Names of the exchanges that kombu replies by, whatever Celery's `control_exchange`. The sender has declared its own with
 * its reply queue; a message must not make a worker declare exchanges, nor write into queues of others.
 */
const replyExchange = /^reply\..+\.pidbox$/;

/** The kind of an error reply: its text, which the sender gets, may quote arguments of the command. */
function withoutValues(refused: Tree | undefined): string {
  return (typeof refused === "string" && /^\w+(?=\()/.exec(refused)?.[0]) || "refused";
}

function textOf(error: unknown): string {
  return error instanceof CeleryError ? `${error.code}: ${error.message}` : String(error);
}
