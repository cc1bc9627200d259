import { type Channel, type ChannelModel, type Options, connect } from "amqplib";

/** Declares a durable queue and publishes persistent messages to it, each confirmed. */
export async function fill(
  url: string,
  queue: string,
  texts: readonly string[],
  options?: Options.AssertQueue,
): Promise<void> {
  await withConnection(url, async (connection) => {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(queue, { durable: true, ...options });
    for (const text of texts) channel.sendToQueue(queue, Buffer.from(text), { persistent: true });
    await channel.waitForConfirms();
  });
}

/** Takes everything out of a queue. */
export async function drain(url: string, queue: string): Promise<readonly string[]> {
  return await withConnection(url, async (connection) => await takeAll(await connection.createChannel(), queue));
}

async function takeAll(channel: Channel, queue: string): Promise<readonly string[]> {
  const texts: string[] = [];
  for (;;) {
    const message = await channel.get(queue, { noAck: true });
    if (message === false) return texts;
    texts.push(message.content.toString());
  }
}

async function withConnection<T>(url: string, use: (connection: ChannelModel) => Promise<T>): Promise<T> {
  const connection = await connect(url);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}
