import {
  type Address,
  type BudgetOptions,
  createContent,
  encodeTask,
  newTask,
  ProtocolError,
  type WireMessage,
} from "@leveret/celery-protocol";
import { type Delivery, defineTask, type SubscribeOptions, type Transport } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";
import {
  createFakeClock,
  createMemoryBroker,
  createMemoryResults,
  createMemoryTransport,
} from "@leveret/celery-amqp/testing";
import { createRandom } from "../programs/random.ts";
import { CanvasFuzz } from "./canvas.ts";
import { countingTransport, type Settlings } from "./settled-once.ts";

/** A budget so small that a few kilobytes reach it. */
const budget = {
  bodyBytes: 2_000_000,
  messages: 2_000,
  messageBytes: 4_000_000,
  signatures: 20_000,
  queues: 10,
} as const satisfies BudgetOptions;
/** What a message may publish beside what follows from it: a retry, a dead letter, results. */
const aside = 10;
/** Sizes are estimated before they are written. */
const tolerance = 2;
/** Processor time of one delivery, from its arrival to its settling, which no neighbour makes longer. */
const longestMs = 2_000;
/** Deliveries that one hostile message may lead to before the next; what waits then is taken away. */
const mostDeliveries = 60;
/** Seconds that one is given. */
const mostTurns = 70;
/** Seconds that a good message may wait: a run of the only slot may try for a while to reach a queue that is not there. */
const longestWait = 60;

/** What came of many canvases. */
export interface CanvasFigures extends Settlings {
  readonly good: number;
  readonly dead: number;
  /** The most that one delivery published. */
  readonly mostMessages: number;
  readonly mostBytes: number;
  readonly queues: number;
  readonly longestMs: number;
  readonly defects: readonly string[];
}

/** The messages that the current delivery has published. */
interface Caused {
  messages: number;
  bytes: number;
}

const echo = defineTask("fuzz.echo", (_context, ...values: unknown[]) => values[0] ?? null);
const add = defineTask("fuzz.add", (_context, x: number, y: number) => x + y);
const fail = defineTask("fuzz.fail", (_context, ..._values: unknown[]) => {
  throw new RangeError("as it was asked to");
});

/**
 * Gives made-up canvases to a worker of one slot, on a broker in memory, each followed by a good message. Nothing that one
 * delivery causes passes the budget, each is settled once, and each good message is answered.
 */
export async function fuzzCanvas(count: number, seed: number): Promise<CanvasFigures> {
  const fuzz = new CanvasFuzz(createRandom(seed));
  const content = createContent();
  const clock = createFakeClock();
  const broker = createMemoryBroker({ clock });
  const outside = createMemoryTransport({ broker });
  await outside.connect();
  const counts: Settlings = { delivered: 0, acked: 0, rejected: 0, again: 0 };
  const caused: Caused = { messages: 0, bytes: 0 };
  const kept = createMemoryResults();
  const results = kept.connect();
  const defects: string[] = [];
  const most = { messages: 0, bytes: 0, ms: 0 };
  let current = "";
  const watched = watchedTransport(createMemoryTransport({ broker }), caused, (ms) => {
    most.messages = Math.max(most.messages, caused.messages);
    most.bytes = Math.max(most.bytes, caused.bytes);
    most.ms = Math.max(most.ms, ms);
    if (caused.messages > budget.messages + aside) defects.push(`${current} led to ${caused.messages} messages`);
    if (caused.bytes > budget.messageBytes * tolerance) defects.push(`${current} led to ${caused.bytes} bytes`);
    if (ms > longestMs) defects.push(`${current} took ${Math.round(ms)} ms`);
    Object.assign(caused, { messages: 0, bytes: 0 });
  });
  const worker = createWorker({
    tasks: [echo, fail, add],
    transport: countingTransport(watched, "celery", counts),
    clock,
    results: kept.connect(),
    budget,
    concurrency: 1,
    logLevel: "silent",
    events: false,
    remoteControl: false,
  });
  await worker.start();
  let good = 0;
  for (let number = 0; number < count; number += 1) {
    current = `message ${number} of seed ${seed}`;
    const hostile = written(() => encodeTask(fuzz.message(), content));
    if (hostile === null) continue;
    await send(outside, hostile);
    const before = counts.delivered;
    for (let turn = 0; turn < mostTurns && counts.delivered - before < mostDeliveries; turn += 1) {
      if (broker.messages("celery").length === 0) break;
      await clock.advance(1_000);
    }
    await outside.purgeQueue("celery");
    await clock.advance(2_000);
    good += 1;
    await send(
      outside,
      encodeTask(newTask({ id: `good-${good}`, task: "fuzz.add", args: [good, 1], replyTo: "replies" }), content),
    );
    for (let waited = 0; waited < longestWait && results.latest(`good-${good}`) === null; waited += 10)
      await clock.advance(10_000);
    const answer = results.latest(`good-${good}`);
    if (answer?.status !== "SUCCESS" || answer.result !== good + 1)
      defects.push(`the good message after ${current} was not answered`);
    await results.forget(`good-${good}`);
  }
  const dead = broker.queues().includes("celery.dead") ? broker.messages("celery.dead").length : 0;
  const queues = broker.queues().filter((name) => name.startsWith("made-up")).length;
  const stopped = worker.stop({ grace: 0 });
  await clock.advance(60_000); // what still waits for its time is over
  await stopped;
  const minutes = Math.ceil((clock.now() - createFakeClock().now()) / 60_000);
  if (queues > budget.queues + minutes) defects.push(`${queues} queues were declared in ${minutes} minutes`);
  if (counts.again > 0) defects.push(`${counts.again} deliveries were settled more than once`);
  await outside.close();
  return {
    ...counts,
    good,
    dead,
    mostMessages: most.messages,
    mostBytes: most.bytes,
    queues,
    longestMs: most.ms,
    defects,
  };
}

function send(transport: Transport, message: WireMessage): Promise<void> {
  return transport.publisher.publish(message, { exchange: "", routingKey: "celery" });
}

/** Null for a message that no client could write either. */
function written(write: () => WireMessage): WireMessage | null {
  try {
    return write();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/** A transport that counts published messages, and reports the time of each delivery when it settles. */
function watchedTransport(inner: Transport, caused: Caused, onSettled: (ms: number) => void): Transport {
  const publisher: Transport["publisher"] = {
    publish(message: WireMessage, to: Address, options) {
      caused.messages += 1;
      caused.bytes += message.body.length;
      return inner.publisher.publish(message, to, options);
    },
  };
  const subscribe: Transport["subscribe"] = (options: SubscribeOptions, onDelivery) =>
    inner.subscribe(options, (delivery) =>
      onDelivery(options.queue === "celery" ? timed(delivery, onSettled) : delivery),
    );
  return new Proxy(inner, {
    get(target, name) {
      if (name === "publisher") return publisher;
      if (name === "subscribe") return subscribe;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

function timed(delivery: Delivery, onSettled: (ms: number) => void): Delivery {
  const start = process.cpuUsage();
  const settle = (act: () => boolean): boolean => {
    const { user, system } = process.cpuUsage(start);
    onSettled((user + system) / 1_000);
    return act();
  };
  return {
    message: delivery.message,
    address: delivery.address,
    queue: delivery.queue,
    redelivered: delivery.redelivered,
    deliveryCount: delivery.deliveryCount,
    unreadable: delivery.unreadable,
    sync: () => delivery.sync(),
    ack: () => settle(() => delivery.ack()),
    reject: (options) => settle(() => delivery.reject(options)),
    publish: (message, to) => delivery.publish(message, to),
  };
}
