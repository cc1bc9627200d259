import type { Writable } from "node:stream";
import type { ConfirmChannel } from "amqplib";
import { FrameWriter, type Publish } from "./frame-writer.ts";

/** What sends in amqplib's connection (lib/connection.js, 2.3). */
interface Sending {
  readonly frameMax: number;
  readonly channels: readonly ({ readonly buffer: Writable } | null)[];
  sentSinceLastCheck: boolean;
  sendMessage(channel: number, ...rest: readonly unknown[]): boolean;
}

/**
 * Writes the messages of a connection instead of amqplib, which makes a buffer of each frame and another one of all,
 * and takes a third of its processor time for the header table. Channels, confirms, the order of frames and all other
 * frames are amqplib's.
 *
 * @throws Error for an amqplib that sends in another manner
 */
export class MessageWriter {
  readonly #frames = new FrameWriter();
  #next: Publish | null = null;

  constructor(connection: object) {
    if (!isSending(connection)) {
      throw new Error(
        "The installed amqplib cannot be used: it sends messages in an unknown manner. Install amqplib 2.3",
      );
    }
    const send = connection.sendMessage.bind(connection);
    // amqplib puts another function here when the connection ends, and one on each channel that does.
    connection.sendMessage = (channel, ...rest) => {
      const buffer = connection.channels[channel]?.buffer;
      if (this.#next === null || buffer === undefined) return send(channel, ...rest);
      let isWritable = true;
      for (const chunk of this.#frames.write(this.#next, channel, connection.frameMax))
        isWritable = buffer.write(chunk);
      connection.sentSinceLastCheck = true;
      return isWritable;
    };
  }

  /**
   * As amqplib's `publish`.
   *
   * @throws IllegalOperationError (amqplib) on a channel that is closed; as `FrameWriter.write`
   */
  publish(channel: ConfirmChannel, publish: Publish, onConfirm: (error: Error | null) => void): boolean {
    this.#next = publish;
    try {
      return channel.publish("", "", NO_BODY, NO_OPTIONS, onConfirm);
    } finally {
      this.#next = null;
    }
  }
}

/** The message that is written stands beside what amqplib is given. */
const NO_BODY: Buffer = Buffer.alloc(0);
const NO_OPTIONS = {};

function isSending(connection: object): connection is Sending {
  return (
    "sendMessage" in connection &&
    typeof connection.sendMessage === "function" &&
    "channels" in connection &&
    Array.isArray(connection.channels) &&
    "frameMax" in connection &&
    typeof connection.frameMax === "number" &&
    "sentSinceLastCheck" in connection
  );
}
