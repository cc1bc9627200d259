import type { Address, HeaderTable, WireMessage } from "@leveret/celery-protocol";
import type { BrokerTopology } from "@leveret/celery-protocol/routing";
import { methods, type Shape } from "@leveret/options";

/**
 * Where a transport is in its life.
 *
 * `idle` → `connecting` → `open` ⇄ `blocked` (a broker alarm holds publishes back), either → `connecting` on loss;
 * any → `closing` → `closed`.
 */
export type TransportState = "idle" | "connecting" | "open" | "blocked" | "closing" | "closed";

/**
 * The broker, as client and worker use it.
 *
 * Promises every implementation keeps (`testing/transport-conformance.ts` proves them):
 * 1. Publishing and consuming are independent: one blocked or broken leaves the other working where it can.
 * 2. `publish` settles exactly once.
 * 3. No callback, message or broker event throws out of the transport or leaves an unhandled rejection.
 * 4. After any loss, consuming resumes by itself; what a subscription needs is declared again before it consumes.
 * 5. Memory stays bounded while the broker is away or blocked.
 * 6. `close` settles in bounded time and drops nothing that was in flight and could still be finished.
 * 7. `state` can be watched.
 */
export interface Transport {
  /** Current state of the connection. */
  readonly state: TransportState;
  /**
   * Connects; resolves when open, at once if it is. Rejects with a CeleryError when the broker refuses for good
   * (`access-refused`, `vhost-missing`), or when none of the addresses answered (`broker-unreachable`); it is then
   * `idle` again.
   */
  connect(options?: ConnectOptions): Promise<void>;
  /**
   * Declares in the order exchanges, queues, bindings. As long as an RPC may take, it waits for a connection, and for the node
   * of a queue that is there and out of reach.
   */
  declare(topology: BrokerTopology, mode?: DeclareMode): Promise<void>;
  /** What is known of a queue now, or null when there is none. */
  inspectQueue(name: string): Promise<QueueInfo | null>;
  /** Deletes a queue; a missing one is no error. */
  deleteQueue(name: string): Promise<void>;
  /**
   * Reads the ready messages of a queue, from its head, and requeues them in order at once. Where the queue has
   * `x-single-active-consumer`, each reader waits for its turn and gets all messages that earlier readers got. Null
   * when the queue does not exist, or is deleted meanwhile; rejects while its node is down. For classic queues: quorum
   * queues count each read as a delivery.
   */
  browse(options: BrowseOptions): Promise<readonly WireMessage[] | null>;
  /** Deletes the ready messages of a queue and resolves with their number; unacked ones stay. 0 for a missing queue. */
  purgeQueue(name: string): Promise<number>;
  /** Publisher of this connection. */
  readonly publisher: Publisher;
  /** Resolves once the broker has accepted the consumer; from then on the transport keeps it alive until `cancel`. */
  subscribe(options: SubscribeOptions, onDelivery: (delivery: Delivery) => void): Promise<Subscription>;
  /** Calls `listener` at every change; the returned function stops that. */
  onState(listener: (state: TransportState) => void): () => void;
  /** Closes the connection. Safe to call twice. */
  close(): Promise<void>;
}

/** The shape of a transport where options take one. */
export const transportShape: Shape = methods("a transport", "connect", "declare", "subscribe", "close");

/** How patient the first connect is. */
export interface ConnectOptions {
  /** Keep trying, with a log line each time, while no broker answers. Default false. Refusals for good still fail. */
  readonly retry?: boolean;
}

/** `active` declares; `passive` only asks that it exists (needs no configure right). */
export type DeclareMode = "active" | "passive";

/** Numbers the broker gives for a queue. */
export interface QueueInfo {
  /** Name of the queue. */
  readonly name: string;
  /** Messages that are ready for delivery. */
  readonly messageCount: number;
  /** Consumers of the queue. */
  readonly consumerCount: number;
}

/** What is to be read of a queue before it is left alone. */
export interface BrowseOptions {
  /** Queue to read. */
  readonly queue: string;
  /** Reads until those with these `messageId`s have come. */
  readonly messageIds: readonly string[];
  /** Reads so many at least. Default 0. */
  readonly count?: number;
}

/** What one publish asks beyond the message. */
export interface PublishOptions {
  /** Refuse, with UnroutableError, what no queue takes. Default true (AMQP 0-9-1 `mandatory`). */
  readonly mandatory?: boolean;
  /** How long to wait for the confirm, connection included. Default: the transport's `publishTimeout`. */
  readonly timeoutMs?: number;
  /**
   * How long the broker may take to confirm the message once it is written, in milliseconds; the publish then rejects with
   * code `publish-timeout`. For messages to queues that may have gone with a node: silence and refusal of such a message
   * never cost the connection or the channel. Default: until `timeoutMs`.
   */
  readonly answerTimeoutMs?: number | undefined;
  /**
   * Resend the message if the connection or channel is lost before the confirm. Default true: at least once. False is
   * at most once, for messages that must not be duplicated: the publish then rejects with `connection-lost`, outcome
   * unknown.
   */
  readonly resend?: boolean;
}

/** Hands messages to the broker. */
export interface Publisher {
  /**
   * Resolves at the broker's confirm. Rejects once, with:
   * `UnroutableError` (no queue took it), `CeleryError` code `publish-nacked` (the broker refused it),
   * `PublishTimeoutError` (outcome unknown: it may arrive; a resend must keep the same id),
   * `CeleryError` code `connection-lost` (the same, where `resend` is false),
   * `CeleryError` code `closed` (the transport was closed first) or `message-too-large`.
   */
  publish(message: WireMessage, to: Address, options?: PublishOptions): Promise<void>;
}

/** How to consume one queue. */
export interface SubscribeOptions {
  /** Queue to consume from. */
  readonly queue: string;
  /**
   * Prefetch count: most unsettled deliveries; fixed for the subscription's life. 0 is no limit. Ignored with `noAck`.
   */
  readonly prefetch: number;
  /**
   * Deliveries count as settled when sent. Only for replies, events and control, never for tasks. What is not wholly
   * readable is dropped, and logged once a minute.
   */
  readonly noAck?: boolean;
  /** True refuses other consumers of the queue. Default false. */
  readonly exclusive?: boolean;
  /** Arguments of basic.consume. Default none. */
  readonly arguments?: HeaderTable;
  /** Declared before consuming, now and after every loss. Absent: the queue is taken as it is. */
  readonly topology?: BrokerTopology;
  /**
   * The queue belongs to this subscription alone, with its name: it is the first of `topology`, for replies, events or
   * commands. Its consumer then proves that it is alive by messages to itself, and if the queue is unavailable (its
   * node is down), the subscription continues with another name.
   */
  readonly own?: OwnQueue;
  /** How `topology` is declared. Default `active`. */
  readonly declare?: DeclareMode;
  /** Whether its deliveries can publish, which a channel with confirms costs. Default false. */
  readonly publishes?: boolean;
  /** Called when consuming stops against our will and the transport is trying again, with the reason. */
  readonly onLost?: (reason: Error) => void;
  /** Called when it consumes again after `onLost`. */
  readonly onRestored?: () => void;
}

/** A queue that one subscription has for itself. */
export interface OwnQueue {
  /** Whether messages are awaited now: silence is then checked sooner. Default: never. */
  readonly isAwaiting?: () => boolean;
  /** The queue has another name from now on. */
  readonly onRenamed?: (queue: string) => void;
}

/** A consumer that is kept alive. */
export interface Subscription {
  /** False between a loss and the return, and after `cancel`. */
  readonly isConsuming: boolean;
  /** Resolves when it was cancelled and what it had delivered is settled, or can no longer be. */
  readonly drained: Promise<void>;
  /** Stops new deliveries. Unsettled ones may still be settled, unless they are requeued. May be called twice. */
  cancel(options?: CancelOptions): Promise<void>;
}

/** How a consumer ends. */
export interface CancelOptions {
  /**
   * Ends the channel, so that what is unsettled goes back in the moment in which the next consumer may be served, and not
   * after it. Default false.
   */
  readonly giveBack?: boolean;
}

/** Options of rejecting a delivery. */
export interface RejectOptions {
  /** True requeues the message; false drops or dead-letters it. */
  readonly requeue: boolean;
  /**
   * Whether the delivery was a try that failed. False: it was not, and where the broker can leave it out of its count it
   * does (quorum queues since RabbitMQ 4.3: `basic.nack`). Default true.
   */
  readonly isCounted?: boolean;
}

/** One message, bound to the channel that brought it. It settles once. */
export interface Delivery {
  /** The message. */
  readonly message: WireMessage;
  /** Exchange and routing key that the message was published to. */
  readonly address: Address;
  /** Queue that the message was delivered from. */
  readonly queue: string;
  /** Whether the broker has delivered the message before. */
  readonly redelivered: boolean;
  /** Number of earlier deliveries by a quorum queue (`x-delivery-count`); null without the header. */
  readonly deliveryCount: number | null;
  /**
   * Why a header or property of the message could not be read, which is then left out of `message`: an unknown type tag, a
   * table nested deeper than 64 or with wrong lengths, names or properties that are not UTF-8. Null where all were read.
   * A message that a program would act on must not be taken for whole.
   */
  readonly unreadable: string | null;
  /** False: it was settled before, or the channel is gone and the broker will redeliver. Never throws. */
  ack(): boolean;
  /**
   * Resolves when the broker has answered on the channel that brought it, after all that was settled there before; false
   * where that channel is gone, and the broker delivers again what it had not taken. Never rejects.
   */
  sync(): Promise<boolean>;
  /**
   * As `ack`. Without requeue the broker dead-letters the message if the queue has a dead-letter exchange, else drops
   * it.
   */
  reject(options: RejectOptions): boolean;
  /**
   * Publishes, mandatory, on the channel that brought it and on no other: the broker takes the message before it gives what
   * this channel holds to anybody else, or not at all. Never sent again. Only where the subscription `publishes`; the
   * delivery may be settled.
   *
   * Resolves at the broker's confirm. Rejects with `UnroutableError`, or with a CeleryError: `publish-nacked`,
   * `encode-failed`, `message-too-large`, `option-invalid` (the subscription does not publish), or `connection-lost`: the
   * channel went before the confirm, and the message may have arrived.
   */
  publish(message: WireMessage, to: Address): Promise<void>;
}
