import { Duplex } from "node:stream";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import { guard } from "../../../src/amqp/guard.ts";
import { inner } from "./amqplib.ts";
import { uint } from "@leveret/test-support/wire/fields";
import { headerTable, methodFrame, shortString } from "@leveret/test-support/wire/frames";

interface Connection {
  open(options: object, onOpen: (error: Error | null) => void): void;
}

const { Connection } = inner("connection.js") as { Connection: new (stream: Duplex) => Connection };
const { ChannelModel } = inner("channel_model.js") as { ChannelModel: new (connection: Connection) => ChannelModel };

/** amqplib's own connection and channel, fed with bytes instead of by a broker. */
export interface MemoryConnection {
  readonly channel: Channel;
  /** Opens another channel. */
  readonly openChannel: () => Promise<Channel>;
  /** amqplib's own object. */
  readonly connection: object;
  readonly stream: Duplex;
  /** What was written since the last call. */
  readonly written: () => Promise<Buffer>;
  /** All that was delivered. */
  readonly delivered: ConsumeMessage[];
  /** What ended the connection or the channel. */
  readonly faults: Error[];
  /** Hands bytes to the socket, in one read or in several. */
  push(...chunks: readonly Buffer[]): Promise<void>;
}

export const consumerTag = "consumer";

/** An open connection with a consumer on channel 1. */
export async function openMemoryConnection(
  options: { readonly isGuarded?: boolean; readonly frameMax?: number | undefined } = {},
): Promise<MemoryConnection> {
  const { frameMax = 131_072 } = options;
  const sent: Buffer[] = [];
  const stream = new Duplex({
    read: () => {},
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done();
    },
  });
  const push = async (...chunks: readonly Buffer[]): Promise<void> => {
    for (const chunk of chunks) {
      stream.push(chunk);
      // 'readable' comes in the next tick.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  const connection = new Connection(stream);
  const opened = new Promise<void>((resolve, reject) => {
    const login = { mechanism: "PLAIN", response: Buffer.alloc(0), locale: "en_US", clientProperties: {} };
    const tune = { channelMax: 0, frameMax, heartbeat: 0, virtualHost: "/", capabilities: "", insist: false };
    connection.open({ ...login, ...tune }, (error) => (error === null ? resolve() : reject(error)));
  });
  await push(
    start,
    methodFrame(0, 10, 30, uint(2, 2047), uint(4, frameMax), uint(2, 0)),
    methodFrame(0, 10, 41, shortString("")),
  );
  await opened;
  const faults: Error[] = [];
  if (options.isGuarded !== false) guard(connection);
  const model = new ChannelModel(connection);
  model.on("error", (error) => faults.push(error));
  let channels = 0;
  const openChannel = async (): Promise<Channel> => {
    const opening = model.createChannel();
    channels += 1;
    await push(methodFrame(channels, 20, 11, headerTable(Buffer.alloc(0))));
    return opening;
  };
  const channel = await openChannel();
  channel.on("error", (error: Error) => faults.push(error));
  const delivered: ConsumeMessage[] = [];
  const consuming = channel.consume("celery", (message) => void (message !== null && delivered.push(message)));
  await push(methodFrame(1, 60, 21, shortString(consumerTag)));
  await consuming;
  const written = async (): Promise<Buffer> => {
    // amqplib hands frames on in the next turns of the event loop.
    for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    return Buffer.concat(sent.splice(0));
  };
  await written();
  return { channel, openChannel, connection, stream, written, delivered, faults, push };
}

/** `connection.start`, with no server properties. */
const start = methodFrame(
  0,
  10,
  10,
  Buffer.of(0, 9),
  headerTable(Buffer.alloc(0)),
  headerTable(Buffer.from("PLAIN")),
  headerTable(Buffer.from("en_US")),
);
