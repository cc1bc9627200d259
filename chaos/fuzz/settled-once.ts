import type { Delivery, SubscribeOptions, Subscription, Transport } from "@leveret/celery-amqp";

/** Counts of a transport's deliveries, as they are handed out and settled. */
export interface Settlings {
  delivered: number;
  acked: number;
  rejected: number;
  /** Settled again after they were settled: a mistake of the worker's, which a broker would answer with 406. */
  again: number;
}

/** A transport whose deliveries from `queue` are counted. */
export function countingTransport(inner: Transport, queue: string, counts: Settlings): Transport {
  return new Proxy(inner, {
    get: (target, name) => {
      if (name === "subscribe") return subscribe;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });

  function subscribe(options: SubscribeOptions, onDelivery: (delivery: Delivery) => void): Promise<Subscription> {
    if (options.queue !== queue) return inner.subscribe(options, onDelivery);
    return inner.subscribe(options, (delivery) => {
      counts.delivered += 1;
      onDelivery(counted(delivery, counts));
    });
  }
}

function counted(delivery: Delivery, counts: Settlings): Delivery {
  let isSettled = false;
  const settle = (how: "acked" | "rejected", act: () => boolean): boolean => {
    if (isSettled) counts.again += 1;
    isSettled = true;
    counts[how] += 1;
    return act();
  };
  return {
    message: delivery.message,
    address: delivery.address,
    queue: delivery.queue,
    redelivered: delivery.redelivered,
    deliveryCount: delivery.deliveryCount,
    unreadable: delivery.unreadable,
    ack: () => settle("acked", () => delivery.ack()),
    reject: (options) => settle("rejected", () => delivery.reject(options)),
    publish: (message, to) => delivery.publish(message, to),
    sync: () => delivery.sync(),
  };
}
