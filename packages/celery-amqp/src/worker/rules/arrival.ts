import type { Address, HeaderTable, WireMessage } from "@leveret/celery-protocol";
import { isOfDeath, isOfFirstPublish, republishable, withoutHeaders } from "@leveret/celery-protocol/wire";

/** The parts of a delivery that rules read. */
export interface Arrival {
  readonly message: WireMessage;
  readonly address: Address;
  /** The queue it was consumed from. */
  readonly queue: string;
  readonly redelivered: boolean;
  /** Earlier deliveries as a quorum queue counts them; null where the broker does not count. */
  readonly deliveryCount: number | null;
}

/** Runs that were lost before the message was last published. */
const countHeader = "x-leveret-redeliveries";
/** The next run was counted before: a delivery of this message that comes again has used it. */
const countedHeader = "x-leveret-counted";
const exchangeHeader = "x-leveret-exchange";
const routingKeyHeader = "x-leveret-routing-key";

/** Whether a run of the message may have ended a process or a connection, by its headers alone. */
export function isSuspect({ message, redelivered }: Arrival): boolean {
  return redelivered || message.headers[countHeader] !== undefined;
}

/**
 * Runs of the message that began and never ended. The broker does not distinguish a run from a delivery that waited in a
 * worker: the first redelivery counts as a run, and from then on each run is counted before it begins.
 */
export function lostRuns(arrival: Arrival): number {
  const count = countOf(arrival);
  if (count === 0) return arrival.redelivered ? 1 : 0;
  return arrival.redelivered && isCounted(arrival) ? count + 1 : count;
}

/** Whether the next run of a suspect was counted before, and has not begun. */
export function mayRun(arrival: Arrival): boolean {
  return !arrival.redelivered && isCounted(arrival) && countOf(arrival) > 0;
}

function countOf({ message }: Arrival): number {
  const count = message.headers[countHeader];
  return typeof count === "number" && Number.isSafeInteger(count) && count > 0 ? count : 0;
}

function isCounted({ message }: Arrival): boolean {
  return message.headers[countedHeader] === true;
}

/**
 * The address of the message. A delayed message arrives by the exchange of its last hop, which no event should name: then it
 * is the address with which it was parked, else its queue itself.
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
 * The message to publish instead of the delivery. It has the count of its lost runs, and its address where that is not the
 * queue's name; headers of the broker are left out. A run that was counted and has not begun stays counted.
 */
export function republished(arrival: Arrival): WireMessage {
  const message = uncounted(arrival);
  return mayRun(arrival) ? { ...message, headers: { ...message.headers, [countedHeader]: true } } : message;
}

/** The same with its next run counted. */
export function counted(arrival: Arrival): WireMessage {
  const message = uncounted(arrival);
  return { ...message, headers: { ...message.headers, [countedHeader]: true } };
}

/** The same without a run that was counted: it may wait in a worker, and be delivered again, without being counted. */
export function uncounted(arrival: Arrival): WireMessage {
  const { headers, properties, body } = republishable(arrival.message);
  const count = lostRuns(arrival);
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
