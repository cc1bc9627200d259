import { ProtocolError } from "../wire/errors.ts";
import type { Address } from "../wire/message.ts";
import type { BindingDeclaration, ExchangeDeclaration, QueueDeclaration, BrokerTopology } from "./topology.ts";

// Native delayed delivery: each of 28 queues delays a message by a power of two of seconds, or is skipped. Source:
// kombu/transport/native_delayed_delivery.py; recorded in `flow/worker-startup-quorum-topic`.

const LEVELS = 28;
const TOP = LEVELS - 1;
const DELIVERY = "celery_delayed_delivery";
const PREFIX = /^(?:[01]\.){28}/;

/** The longest delay of 28 bits, in seconds: about eight and a half years. */
export const MAX_DELAY_SECONDS: number = 2 ** LEVELS - 1;

/**
 * The topology of native delayed delivery in three parts, to declare in this order, so that a published message can
 * pass all levels.
 */
export interface DelayedTopology {
  /** The last exchange. Each queue must be bound to it with `delayedBindings` before the rest is declared. */
  readonly end: BrokerTopology;
  /** The 28 queues and all exchanges between the entry and the end. */
  readonly levels: BrokerTopology;
  /** The exchange that Celery's clients publish to: before it exists, their publishes fail with 404. */
  readonly entry: BrokerTopology;
}

/**
 * The 28 exchanges and queues of native delayed delivery, which workers declare: the same as Celery's, in another
 * order. Celery declares the entry first, so a message published to a half declared topology is lost.
 *
 * @param queueType - Celery's `broker_native_delayed_delivery_queue_type`. Default `quorum`, which loses no message
 * between levels.
 */
export function delayedTopology(queueType: "quorum" | "classic" = "quorum"): DelayedTopology {
  const levels = Array.from({ length: TOP }, (_, level) => level);
  return {
    end: { exchanges: [topic(DELIVERY)], queues: [], bindings: [] },
    levels: {
      exchanges: levels.map((level) => topic(nameOf(level))),
      queues: [...levels, TOP].map((level) => queueOf(level, queueType)),
      bindings: levels.flatMap((level) => [pass(level), hold(level)]),
    },
    entry: { exchanges: [topic(nameOf(TOP))], queues: [], bindings: [pass(TOP), hold(TOP)] },
  };
}

function queueOf(level: number, queueType: "quorum" | "classic"): QueueDeclaration {
  const table: Record<string, unknown> = {
    "x-queue-type": queueType,
    "x-overflow": "reject-publish",
    "x-message-ttl": 2 ** level * 1000,
    "x-dead-letter-exchange": nameOf(level - 1),
  };
  if (queueType === "quorum") table["x-dead-letter-strategy"] = "at-least-once";
  return { name: nameOf(level), durable: true, autoDelete: false, exclusive: false, arguments: table };
}

/** A set bit: the message waits in this level's queue, whose time to live then moves it to the next level. */
function hold(level: number): BindingDeclaration {
  return {
    source: nameOf(level),
    destination: nameOf(level),
    destinationType: "queue",
    routingKey: `${any(TOP - level)}1.#`,
  };
}

/** A clear bit: the message moves to the next level at once. */
function pass(level: number): BindingDeclaration {
  return {
    source: nameOf(level),
    destination: nameOf(level - 1),
    destinationType: "exchange",
    routingKey: `${any(TOP - level)}0.#`,
  };
}

/** The destination queue of delayed messages, and its address without delay. */
export interface DelayedTarget {
  /** Name of the queue. */
  readonly queue: string;
  /** The exchange that the queue is bound to; with `''` or a direct exchange the delay ends at the queue itself. */
  readonly exchange: string;
  /** Type of the exchange of the queue. */
  readonly exchangeType: ExchangeDeclaration["type"];
  /** The routing key without delay: the queue's own name on the default exchange. */
  readonly routingKey: string;
}

/**
 * The bindings from the end of the delay to a queue, in order.
 *
 * Topic, fanout and headers exchanges are bound as Celery binds them. A direct exchange can not match the long routing
 * key, and Celery leaves such queues without delay; here the queue is bound to the end of the delay by exactly 28 bits
 * and its key, so that no queue with a longer name shares the message.
 */
export function delayedBindings(target: DelayedTarget): readonly BindingDeclaration[] {
  const toQueue = { destination: target.queue, destinationType: "queue" } as const;
  if (target.exchangeType === "direct") {
    return [{ source: DELIVERY, ...toQueue, routingKey: any(LEVELS) + target.routingKey }];
  }
  const routingKey = target.routingKey.startsWith("#") ? target.routingKey : `#.${target.routingKey}`;
  return [
    { source: target.exchange, ...toQueue, routingKey },
    { source: DELIVERY, destination: target.exchange, destinationType: "exchange", routingKey },
  ];
}

/**
 * The address for a message that should arrive after `seconds` seconds at `routingKey`. Fractions are dropped, so the
 * worker waits for the rest. An earlier delay in the routing key is replaced.
 *
 * @throws ProtocolError `option-invalid` for less than a second (send it undelayed) or more than `MAX_DELAY_SECONDS`.
 */
export function delayedAddress(seconds: number, routingKey: string): Address {
  const whole = Math.trunc(seconds);
  if (!(whole >= 1 && whole <= MAX_DELAY_SECONDS)) {
    throw new ProtocolError(
      "option-invalid",
      "local",
      `The delay is out of range: ${seconds} s. Give 1 to ${MAX_DELAY_SECONDS} s, or send without delay.`,
    );
  }
  const bits = Array.from(whole.toString(2).padStart(LEVELS, "0")).join(".");
  return { exchange: nameOf(TOP), routingKey: `${bits}.${undelayedRoutingKey(routingKey)}` };
}

/** The routing key of a message before its delay; any other key is returned unchanged. */
export function undelayedRoutingKey(routingKey: string): string {
  return routingKey.replace(PREFIX, "");
}

function nameOf(level: number): string {
  return level < 0 ? DELIVERY : `celery_delayed_${level}`;
}

function topic(name: string): ExchangeDeclaration {
  return { name, type: "topic", durable: true, autoDelete: false };
}

function any(words: number): string {
  return "*.".repeat(words);
}
