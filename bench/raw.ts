import { once } from "node:events";
import type { PreparedMessage } from "@leveret/celery-amqp";
import { type ChannelModel, type ConfirmChannel, connect, type Options } from "amqplib";
import { type Figure, perSecond } from "./measure.ts";

// Plain amqplib with the same bytes: the lower bound without tasks.

function connectRaw(url: string): Promise<ChannelModel> {
  return connect(url, { noDelay: true });
}

function publishOptions({ headers, properties, id }: PreparedMessage): Options.Publish {
  const options = {
    headers,
    mandatory: true,
    persistent: true,
    contentType: properties.contentType,
    contentEncoding: properties.contentEncoding,
    correlationId: properties.correlationId,
    priority: properties.priority,
    messageId: id,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Publishes the message `count` times with confirms, `inFlight` at a time. */
export async function publishRaw(url: string, queue: string, message: PreparedMessage, count: number): Promise<Figure> {
  const connection = await connectRaw(url);
  const channel = await connection.createConfirmChannel();
  const body = Buffer.from(message.body);
  const options = publishOptions(message);
  const inFlight = 1000;
  const figure = await perSecond(
    count,
    () =>
      new Promise((resolve, reject) => {
        let [sent, confirmed] = [0, 0];
        const next = (): void => {
          while (sent < count && sent - confirmed < inFlight) {
            sent += 1;
            channel.publish("", queue, body, options, (error: unknown) => {
              if (error !== null) return reject(error);
              confirmed += 1;
              if (confirmed === count) resolve();
              else next();
              return undefined;
            });
          }
        };
        next();
      }),
  );
  await connection.close();
  return figure;
}

/** How to consume. */
export interface ConsumeRaw {
  readonly prefetch: number;
  readonly count: number;
  /** Publish a small reply for each message, and ack when it is confirmed. */
  readonly reply?: boolean;
}

/** Consumes `count` messages: JSON parsed, acked one by one. */
export async function consumeRaw(url: string, queue: string, options: ConsumeRaw): Promise<Figure> {
  const { prefetch, count, reply = false } = options;
  const [connection, replying] = await Promise.all([connectRaw(url), connectRaw(url)]);
  const channel = await connection.createChannel();
  const replies = await replying.createConfirmChannel();
  const { queue: replyTo } = await replies.assertQueue("", { exclusive: true });
  await channel.prefetch(prefetch);
  const figure = await perSecond(
    count,
    () =>
      new Promise((resolve) => {
        let seen = 0;
        void channel.consume(queue, (delivery) => {
          if (delivery === null) return;
          const body: unknown = JSON.parse(delivery.content.toString());
          const settle = (): void => {
            channel.ack(delivery);
            seen += 1;
            if (seen === count) resolve();
          };
          if (!reply) settle();
          else
            replies.publish(
              "",
              replyTo,
              Buffer.from(JSON.stringify({ status: "SUCCESS", result: Array.isArray(body) ? 5 : null })),
              {},
              settle,
            );
        });
      }),
  );
  await channel.close();
  await Promise.all([connection.close(), replying.close()]);
  return figure;
}

/** Consumes the queue to its end and gives the rate of each tenth of `count` messages. */
export async function consumeTenths(url: string, queue: string, prefetch: number, count: number): Promise<number[]> {
  const connection = await connectRaw(url);
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  const tenth = Math.floor(count / 10);
  const rates: number[] = [];
  await new Promise<void>((resolve) => {
    let seen = 0;
    let since = performance.now();
    void channel.consume(queue, (delivery) => {
      if (delivery === null) return;
      JSON.parse(delivery.content.toString());
      channel.ack(delivery);
      seen += 1;
      if (seen % tenth !== 0) return;
      rates.push((tenth / (performance.now() - since)) * 1000);
      since = performance.now();
      if (rates.length === 10) resolve();
    });
  });
  await channel.close();
  await connection.close();
  return rates;
}

/**
 * Round trips one after the other through two queues, in milliseconds each; `confirmed`: both directions wait for
 * confirms.
 */
export async function roundTripRaw(
  url: string,
  queue: string,
  message: PreparedMessage,
  { count, confirmed }: { readonly count: number; readonly confirmed: boolean },
): Promise<number[]> {
  const [requester, replier] = await Promise.all([connectRaw(url), connectRaw(url)]);
  const open = (connection: ChannelModel) =>
    confirmed ? connection.createConfirmChannel() : connection.createChannel();
  const [ask, answer] = await Promise.all([open(requester), open(replier)]);
  const { queue: replies } = await ask.assertQueue("", { exclusive: true });
  await answer.prefetch(10);
  await answer.consume(queue, (delivery) => {
    if (delivery === null) return;
    const reply = Buffer.from(JSON.stringify({ result: JSON.parse(delivery.content.toString()) }));
    const correlationId = delivery.properties.correlationId as string;
    const settle = (): void => answer.ack(delivery);
    if (confirmed) (answer as ConfirmChannel).publish("", replies, reply, { correlationId }, settle);
    else {
      answer.publish("", replies, reply, { correlationId });
      settle();
    }
  });
  let arrived: () => void = () => {};
  await ask.consume(replies, () => arrived(), { noAck: true });
  const durations: number[] = [];
  const body = Buffer.from(message.body);
  const options = publishOptions(message);
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    const reply = new Promise<void>((resolve) => (arrived = resolve));
    ask.publish("", queue, body, options);
    await reply;
    durations.push(performance.now() - start);
  }
  // The last reply is here before its confirm is: what waits for one is let finish.
  if (confirmed) await Promise.all([ask, answer].map((channel) => (channel as ConfirmChannel).waitForConfirms()));
  await Promise.all([requester.close(), replier.close()]);
  return durations;
}

/** A kind of queue to measure on. */
export type QueueType = "classic" | "quorum";

/** What to make and fill. */
export interface Filling {
  readonly type: QueueType;
  readonly message: PreparedMessage | null;
  readonly count: number;
}

/** Makes a durable queue with `count` copies of a message in it; the returned function deletes it. */
export async function fill(
  url: string,
  queue: string,
  { type, message, count }: Filling,
): Promise<() => Promise<void>> {
  const connection = await connectRaw(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, {
    durable: true,
    arguments: type === "quorum" ? { "x-queue-type": "quorum" } : {},
  });
  if (message !== null) await publishCopies(channel, queue, message, count);
  await connection.close();
  return async () => {
    const again = await connectRaw(url);
    await (await again.createChannel()).deleteQueue(queue);
    await again.close();
  };
}

/** Confirms are awaited now and then: a million open ones would be memory of ours. */
async function publishCopies(
  channel: ConfirmChannel,
  queue: string,
  message: PreparedMessage,
  count: number,
): Promise<void> {
  const body = Buffer.from(message.body);
  const options = publishOptions(message);
  for (let index = 1; index <= count; index += 1) {
    if (!channel.publish("", queue, body, options)) await once(channel, "drain");
    if (index % 10_000 === 0) await channel.waitForConfirms();
  }
  await channel.waitForConfirms();
}
