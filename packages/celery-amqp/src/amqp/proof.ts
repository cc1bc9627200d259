import type { Address, WireMessage } from "@leveret/celery-protocol";
import { type Clock } from "../ports/clock.ts";
import { CeleryError, UnroutableError } from "../ports/errors.ts";
import type { Delivery, PublishOptions, QueueInfo } from "../ports/transport.ts";
import type { Consumer } from "./consumer.ts";
import { pause } from "./deadline.ts";
import type { Link } from "./link.ts";

/** The dependencies of `Proof`. */
export interface ProofParts {
  readonly clock: Clock;
  /** Publishes on the transport's publishing connection. */
  readonly publish: (message: WireMessage, to: Address, options: PublishOptions) => Promise<void>;
  /** Null: the queue does not exist. */
  readonly inspect: (link: Link, queue: string) => Promise<QueueInfo | null>;
  /**
   * Whether the queue belongs to the subscription, so that a message to it proves the consumer. Otherwise the broker's
   * count of consumers does.
   */
  readonly isOwn: boolean;
  readonly isAwaiting: () => boolean;
  /** Whether the publisher has left this address lately since the node confirmed nothing. */
  readonly isLeft: (address: string) => boolean;
}

/** Silence of a consumer before it is checked; shorter where its messages are awaited. */
export const silenceMs = { awaited: 2_000, idle: 10_000, tasks: 5_000 } as const;

/** How long the proof message may take. */
const answerMs = 2_000;

/** A node that opens no channel by then is dead. */
const probeMs = 3_000;

/** After this many failures in a row the connection is dropped: another node may work. */
const mostFailures = 3;

/** Counts without a consumer that are tolerated, and the time between them. */
const mostCounts = 7;
const countMs = 1_000;

const proofType = "leveret.proof";

/**
 * Proves that a consumer is alive while it delivers nothing. RabbitMQ 4.3 keeps a consumer open whose queue is on no
 * node any more, or whose node is cut off from the cluster: no error, no cancel, no message.
 */
export class Proof {
  readonly #parts: ProofParts;
  #failures = 0;
  #unanswered = 0;
  #isHeard: () => void = () => {};

  constructor(parts: ProofParts) {
    this.#parts = parts;
  }

  /** Watches one consumer until it ends, and ends it if it is dead. Never rejects. */
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
      } else if (clock.monotonicMs() - quietAt >= this.#silenceMs) {
        const fault = await this.#faultOf(consumer, queue, ended);
        if (fault === undefined) continue;
        if (fault === null) this.#failures = 0;
        else if (!ended.aborted) return this.#giveUp(consumer, fault);
        quietAt = clock.monotonicMs();
      }
    }
  }

  /** True: the delivery was a proof message. */
  take({ message }: Delivery): boolean {
    if (message.properties.type !== proofType) return false;
    this.#isHeard();
    return true;
  }

  get #silenceMs(): number {
    if (!this.#parts.isOwn) return silenceMs.tasks;
    return this.#parts.isAwaiting() ? silenceMs.awaited : silenceMs.idle;
  }

  /** Null: the consumer is alive. Undefined: unknown for now. */
  async #faultOf({ link }: Consumer, queue: string, ended: AbortSignal): Promise<string | null | undefined> {
    if (this.#parts.isOwn && this.#parts.isLeft(link.address)) return "its node confirms nothing";
    const [isAnswered, fault] = await Promise.all([
      link.probe(probeMs),
      this.#parts.isOwn ? this.#messageItself(queue) : this.#countOf(link, queue, ended),
    ]);
    return isAnswered ? fault : undefined; // the link reports its own end
  }

  /** Sends a message to the queue itself. A lost publishing connection proves nothing. */
  async #messageItself(queue: string): Promise<string | null | undefined> {
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
        // An alarm of the broker may have delayed the message until now.
        stop = clock.setTimer(answerMs, () => heard.resolve(false));
        return (await heard.promise) ? null : "it does not get a message to itself";
      }
      if (failure instanceof UnroutableError) return "its queue is gone";
      // A publisher without any confirm waits for the whole timeout.
      const isHeard = clock.monotonicMs() - sentAt < 2 * answerMs;
      return isHeard && isRefusal(failure) ? "its queue refuses messages" : undefined;
    } finally {
      stop?.();
    }
  }

  /** Counts the queue's consumers for longer than a leader election takes: 9 s where a node was cut off (4.3). */
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

  /** One queue may be slow to answer; each further request would leave a channel behind. */
  #onUnanswered(error: Error): string | null {
    if (!(error instanceof CeleryError) || error.code !== "rpc-timeout") return null;
    this.#unanswered += 1;
    return this.#unanswered < mostFailures ? null : "the broker does not count the consumers of its queue";
  }

  #giveUp(consumer: Consumer, fault: string): void {
    this.#failures += 1;
    this.#unanswered = 0;
    const reason = new CeleryError("connection-lost", `The consumer is dead: ${fault}.`);
    // Where the broker counts no consumer, the node is cut off from the nodes of the queue.
    const { link } = consumer;
    if (this.#parts.isLeft(link.address)) this.#failures = mostFailures;
    if (!this.#parts.isOwn || this.#failures >= mostFailures) link.kill(reason);
    else consumer.giveUp(reason);
  }

  /** Whether the queue needs another name: the previous consumer failed too, or the node is cut off. */
  get isDoubted(): boolean {
    return this.#failures > 1;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CeleryError && (error.code === "publish-nacked" || error.code === "publish-timeout");
}
