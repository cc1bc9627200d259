import {
  isOfDeath,
  isOfFirstPublish,
  republishable,
  withoutHeaders,
  type Address,
  type HeaderTable,
  type WireMessage,
} from "@leveret/celery-protocol";

/** A message as it came: what rules look at of a delivery. */
export interface Arrival {
  readonly message: WireMessage;
  readonly address: Address;
  /** The queue it was consumed from. */
  readonly queue: string;
  readonly redelivered: boolean;
  /** Earlier deliveries as a quorum queue counts them; null where the broker does not count. */
  readonly deliveryCount: number | null;
}

/** Earlier deliveries that were counted before the message was last published. */
const countHeader = "x-leveret-redeliveries";
const exchangeHeader = "x-leveret-exchange";
const routingKeyHeader = "x-leveret-routing-key";

/**
 * How often the message was handed out before and never settled. A quorum queue counts for itself since the message was
 * last published; a classic queue only says that it was (decision 4).
 */
export function redeliveries({ message, redelivered, deliveryCount }: Arrival): number {
  const counted = message.headers[countHeader];
  const since = redelivered ? (deliveryCount ?? 1) : 0;
  return (typeof counted === "number" && Number.isSafeInteger(counted) && counted > 0 ? counted : 0) + since;
}

/** Whether nobody but us counts its deliveries. */
export function isUncounted({ redelivered, deliveryCount }: Arrival): boolean {
  return redelivered && deliveryCount === null;
}

/**
 * Where the message was sent to. One that was delayed comes by the exchange of its last hop, which is no place to name or
 * to return to: then it is the address it was parked with, else its queue itself.
 */
export function sentTo(arrival: Arrival): Address {
  if (!isBack(arrival)) return arrival.address;
  const { message, queue } = arrival;
  const { [exchangeHeader]: exchange, [routingKeyHeader]: routingKey } = message.headers;
  const isNamed = typeof exchange === "string" && typeof routingKey === "string";
  return isNamed ? { exchange, routingKey } : { exchange: "", routingKey: queue };
}

/** Whether it comes from the delay: it has waited in the broker already. */
export function isBack({ address }: Pick<Arrival, "address">): boolean {
  return address.exchange.startsWith("celery_delayed_");
}

/**
 * The same message to be published again in place of the delivery. It carries the count of its deliveries, and its
 * address where the queue's name does not say it; what the broker wrote about its way is left out.
 */
export function republished(arrival: Arrival): WireMessage {
  const { headers, properties, body } = republishable(arrival.message);
  const count = redeliveries(arrival);
  const { exchange, routingKey } = sentTo(arrival);
  const address = exchange === "" ? {} : { [exchangeHeader]: exchange, [routingKeyHeader]: routingKey };
  return {
    headers: { ...withoutWay(headers), ...address, ...(count === 0 ? {} : { [countHeader]: count }) },
    properties,
    body,
  };
}

/**
 * The headers without those that belong to one delivery. Copied, `x-death` would make RabbitMQ take a delay for a loop and
 * drop the message, and a count would belong to another message.
 */
export function withoutWay(headers: HeaderTable): HeaderTable {
  return withoutHeaders(headers, (name) => isOfDeath(name) || isOfFirstPublish(name) || name.startsWith("x-leveret-"));
}
