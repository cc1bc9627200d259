import type { Address, WireMessage } from "@leveret/celery-protocol";
import { type Clock } from "../ports/clock.ts";
import { CeleryError, UnroutableError } from "../ports/errors.ts";
import type { Delivery, PublishOptions, QueueInfo } from "../ports/transport.ts";
import type { Consumer } from "./consumer.ts";
import { pause } from "./deadline.ts";
import type { Link } from "./link.ts";

/** Who proves that a consumer is alive. */
export interface ProofParts {
  readonly clock: Clock;
  /** Publishes over the other connection. */
  readonly publish: (message: WireMessage, to: Address, options: PublishOptions) => Promise<void>;
  /** Null: there is no such queue. */
  readonly inspect: (link: Link, queue: string) => Promise<QueueInfo | null>;
  /** Whether messages to the queue itself prove it: it is the subscription's own. Else the broker is asked. */
  readonly isOwn: boolean;
  readonly isAwaiting: () => boolean;
  /** Whether the publisher has left this address lately since the node confirmed nothing. */
  readonly isLeft: (address: string) => boolean;
}

/** Silence of a consumer before it is looked into; the shorter one where its messages are awaited. */
export const silenceMs = { awaited: 2_000, idle: 10_000, tasks: 5_000 } as const;

/** How long an answer may take. */
const answerMs = 2_000;

/** A node that opens no channel by then is gone. */
const probeMs = 3_000;

/** A consumer that fails so often in a row costs the connection: another node may do better. */
const mostFailures = 3;

/** So often no consumer may be counted, and the time between. */
const mostCounts = 7;
const countMs = 1_000;

const proofType = "leveret.proof";

/**
 * Proves that a consumer is alive while nothing comes by it. RabbitMQ 4.3 keeps consumers open whose queue is on no node any
 * more, or whose node is cut off from the others: no error, no cancel, no message.
 */
export class Proof {
  readonly #parts: ProofParts;
  #failures = 0;
  #unanswered = 0;
  #isHeard: () => void = () => {};

  constructor(parts: ProofParts) {
    this.#parts = parts;
  }

  /** Watches one consumer until it ends, and gives it up where it is dead. Never rejects. */
  async watch(consumer: Consumer, queue: string, ended: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    let delivered = consumer.delivered;
    let quietAt = clock.monotonicMs();
    while (!ended.aborted) {
      await pause(clock, silenceMs.awaited / 2, ended);
      if (ended.aborted || consumer.link.isLost) return;
      if (consumer.delivered !== delivered) {
        ({ delivered } = consumer);
        this.#failures = 0;
        quietAt = clock.monotonicMs();
      } else if (clock.monotonicMs() - quietAt >= this.#patienceMs) {
        const fault = await this.#faultOf(consumer, queue, ended);
        if (fault === undefined) continue;
        if (fault === null) this.#failures = 0;
        else if (!ended.aborted) return this.#giveUp(consumer, fault);
        quietAt = clock.monotonicMs();
      }
    }
  }

  /** True: the delivery was a proof, and nothing else. */
  take({ message }: Delivery): boolean {
    if (message.properties.type !== proofType) return false;
    this.#isHeard();
    return true;
  }

  get #patienceMs(): number {
    if (!this.#parts.isOwn) return silenceMs.tasks;
    return this.#parts.isAwaiting() ? silenceMs.awaited : silenceMs.idle;
  }

  /** Null: it lives. Undefined: that cannot be said now. */
  async #faultOf({ link }: Consumer, queue: string, ended: AbortSignal): Promise<string | null | undefined> {
    if (this.#parts.isOwn && this.#parts.isLeft(link.address)) return "its node confirms nothing";
    const [isAnswered, fault] = await Promise.all([
      link.probe(probeMs),
      this.#parts.isOwn ? this.#tellItself(queue) : this.#countOf(link, queue, ended),
    ]);
    return isAnswered ? fault : undefined; // the end of the connection is told by itself
  }

  /** A message to the queue itself. A publishing connection that is away proves nothing. */
  async #tellItself(queue: string): Promise<string | null | undefined> {
    const { clock, publish } = this.#parts;
    const heard = Promise.withResolvers<boolean>();
    this.#isHeard = () => heard.resolve(true);
    let stop: (() => void) | null = null;
    const message: WireMessage = {
      headers: {},
      properties: { type: proofType, expirationMs: 4 * answerMs },
      body: new Uint8Array(),
    };
    const options = { mandatory: true, resend: false, timeoutMs: 2 * answerMs, answerTimeoutMs: answerMs };
    const sentAt = clock.monotonicMs();
    const sent = publish(message, { exchange: "", routingKey: queue }, options);
    try {
      const failure = await sent.then(
        () => null,
        (error: unknown) => error,
      );
      if (failure === null) {
        // An alarm of the broker may have held the message back until now.
        stop = clock.setTimer(answerMs, () => heard.resolve(false));
        return (await heard.promise) ? null : "it does not get a message to itself";
      }
      if (failure instanceof UnroutableError) return "its queue is gone";
      // A publisher that hears nothing at all waits for the whole time.
      const isHeard = clock.monotonicMs() - sentAt < 2 * answerMs;
      return isHeard && isRefusal(failure) ? "its queue takes no messages" : undefined;
    } finally {
      stop?.();
    }
  }

  /** The broker counts no consumer for longer than the others take to elect a leader: 9 s where one was cut off (4.3). */
  async #countOf(link: Link, queue: string, ended: AbortSignal): Promise<string | null> {
    for (let attempt = 1; ; attempt += 1) {
      const info = await this.#parts.inspect(link, queue).catch((error: unknown) => error as Error);
      if (info instanceof Error) return this.#onUnanswered(info);
      this.#unanswered = 0;
      if (info === null || info.consumerCount > 0) return null;
      if (attempt === mostCounts) return "the broker counts no consumer of its queue";
      await pause(this.#parts.clock, countMs, ended);
      if (ended.aborted) return null;
    }
  }

  /** One queue may be slow to answer; asking again and again would leave a channel behind each time. */
  #onUnanswered(error: Error): string | null {
    if (!(error instanceof CeleryError) || error.code !== "rpc-timeout") return null;
    this.#unanswered += 1;
    return this.#unanswered < mostFailures ? null : "the broker does not say how many consumers its queue has";
  }

  #giveUp(consumer: Consumer, fault: string): void {
    this.#failures += 1;
    this.#unanswered = 0;
    const reason = new CeleryError("connection-lost", `The consumer is dead: ${fault}`);
    // Where the broker counts none, the node is cut off from those that hold the queue.
    const { link } = consumer;
    if (this.#parts.isLeft(link.address)) this.#failures = mostFailures;
    if (!this.#parts.isOwn || this.#failures >= mostFailures) link.kill(reason);
    else consumer.giveUp(reason);
  }

  /** Whether the name is to be given up with the consumer: the one before failed too, or the node is cut off. */
  get isDoubted(): boolean {
    return this.#failures > 1;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CeleryError && (error.code === "publish-nacked" || error.code === "publish-timeout");
}
