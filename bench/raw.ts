import { once } from "node:events";
import type { PreparedMessage } from "@leveret/celery-amqp";
import { type ChannelModel, connect, type Options } from "amqplib";
import { perSecond } from "./measure.ts";

// Plain amqplib doing the same bytes: what is left when nobody thinks about tasks.

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
export async function publishRaw(url: string, queue: string, message: PreparedMessage, count: number): Promise<number> {
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

/** Consumes `count` messages: JSON parsed, acked one by one. */
export async function consumeRaw(url: string, queue: string, prefetch: number, count: number): Promise<number> {
  const connection = await connectRaw(url);
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  const figure = await perSecond(
    count,
    () =>
      new Promise((resolve) => {
        let seen = 0;
        void channel.consume(queue, (delivery) => {
          if (delivery === null) return;
          JSON.parse(delivery.content.toString());
          channel.ack(delivery);
          seen += 1;
          if (seen === count) resolve();
        });
      }),
  );
  await channel.close();
  await connection.close();
  return figure;
}

/** Round trips one after the other through two queues; the median in milliseconds. */
export async function roundTripRaw(
  url: string,
  queue: string,
  message: PreparedMessage,
  count: number,
): Promise<number[]> {
  const [requester, replier] = await Promise.all([connectRaw(url), connectRaw(url)]);
  const [ask, answer] = await Promise.all([requester.createChannel(), replier.createChannel()]);
  await answer.assertQueue(queue, { durable: true });
  const { queue: replies } = await ask.assertQueue("", { exclusive: true });
  await answer.prefetch(10);
  await answer.consume(queue, (delivery) => {
    if (delivery === null) return;
    answer.publish("", replies, Buffer.from(JSON.stringify({ result: JSON.parse(delivery.content.toString()) })), {
      correlationId: delivery.properties.correlationId as string,
    });
    answer.ack(delivery);
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
  await Promise.all([requester.close(), replier.close()]);
  return durations;
}

/** Fills a queue with `count` copies. */
export async function fill(url: string, queue: string, message: PreparedMessage, count: number): Promise<void> {
  const connection = await connectRaw(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  const body = Buffer.from(message.body);
  const options = publishOptions(message);
  for (let index = 0; index < count; index += 1) {
    if (!channel.publish("", queue, body, options)) await once(channel, "drain");
  }
  await channel.waitForConfirms();
  await connection.close();
}
