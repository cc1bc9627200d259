import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Duplex } from "node:stream";
import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import { guard } from "../../../src/amqp/guard.ts";
import { uint } from "./fields.ts";
import { headerTable, methodFrame, shortString } from "./frames.ts";

interface Connection {
  open(options: object, onOpen: (error: Error | null) => void): void;
}

const require = createRequire(import.meta.url);
/** amqplib exports neither. */
const inner = (name: string): unknown => require(join(dirname(require.resolve("amqplib")), "lib", name));
const { Connection } = inner("connection.js") as { Connection: new (stream: Duplex) => Connection };
const { ChannelModel } = inner("channel_model.js") as { ChannelModel: new (connection: Connection) => ChannelModel };

/** amqplib's own connection and channel, fed with bytes instead of by a broker. */
export interface MemoryConnection {
  readonly channel: Channel;
  /** All that was delivered. */
  readonly delivered: ConsumeMessage[];
  /** What ended the connection or the channel. */
  readonly faults: Error[];
  /** Hands bytes to the socket, in one read or in several. */
  push(...chunks: readonly Buffer[]): Promise<void>;
}

export const consumerTag = "consumer";

/** An open connection with a consumer on channel 1. */
export async function openMemoryConnection(options: { readonly isGuarded?: boolean } = {}): Promise<MemoryConnection> {
  const stream = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
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
    const tune = { channelMax: 0, frameMax: 131_072, heartbeat: 0, virtualHost: "/", capabilities: "", insist: false };
    connection.open({ ...login, ...tune }, (error) => (error === null ? resolve() : reject(error)));
  });
  await push(
    start,
    methodFrame(0, 10, 30, uint(2, 2047), uint(4, 131_072), uint(2, 0)),
    methodFrame(0, 10, 41, shortString("")),
  );
  await opened;
  const faults: Error[] = [];
  if (options.isGuarded !== false) guard(connection);
  const model = new ChannelModel(connection);
  model.on("error", (error) => faults.push(error));
  const opening = model.createChannel();
  await push(methodFrame(1, 20, 11, headerTable(Buffer.alloc(0))));
  const channel = await opening;
  channel.on("error", (error: Error) => faults.push(error));
  const delivered: ConsumeMessage[] = [];
  const consuming = channel.consume("celery", (message) => void (message !== null && delivered.push(message)));
  await push(methodFrame(1, 60, 21, shortString(consumerTag)));
  await consuming;
  return { channel, delivered, faults, push };
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
