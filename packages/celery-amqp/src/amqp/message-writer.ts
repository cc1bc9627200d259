import type { Writable } from "node:stream";
import type { ConfirmChannel } from "amqplib";
import { FrameWriter, type Publish } from "./frame-writer.ts";

/** The part of amqplib's connection that sends messages (lib/connection.js, 2.3). */
interface SendingConnection {
  readonly frameMax: number;
  readonly channels: readonly ({ readonly buffer: Writable } | null)[];
  sentSinceLastCheck: boolean;
  sendMessage(channel: number, ...rest: readonly unknown[]): boolean;
}

/**
 * Writes the messages of a connection instead of amqplib, which allocates a buffer for each frame and another for all
 * of them, and spends a third of its processor time on the header table. Channels, confirms, the order of frames and
 * all other frames stay amqplib's.
 *
 * @throws Error for an amqplib with another connection
 */
export class MessageWriter {
  readonly #frames = new FrameWriter();
  #next: Publish | null = null;

  constructor(connection: object) {
    if (!isSending(connection)) {
      throw new Error(
        "The installed amqplib cannot be used: its connection sends messages in an unknown manner. Install amqplib 2.3.",
      );
    }
    const send = connection.sendMessage.bind(connection);
    // amqplib replaces this function when the connection ends, and that of a channel when the channel ends.
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
   * Publishes as amqplib's `publish` does.
   *
   * @throws IllegalOperationError (amqplib) on a closed channel; the errors of `FrameWriter.write`
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

/** amqplib gets an empty message: the message to write is in `#next`. */
const NO_BODY: Buffer = Buffer.alloc(0);
const NO_OPTIONS = {};

function isSending(connection: object): connection is SendingConnection {
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
