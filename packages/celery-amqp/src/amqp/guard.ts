import type { Message, MessageProperties } from "amqplib";
import { type ContentHeader, ContentHeaderReader } from "./content-header.ts";
import { readUInt64 } from "./field-table.ts";

/** What receives in amqplib's connection (lib/connection.js, 2.3): it takes frames out of `rest`, which it fills from the socket. */
interface Receiving {
  rest: Buffer;
  recvFrame(): unknown;
}

const HEADER_FRAME = 2;
const FRAME_END = 206;
/** Type, channel and size. */
const PAYLOAD_AT = 7;
const BASIC_CLASS = 60;
/** Class, weight, size of the body, flags. */
const LEAST_PAYLOAD = 14;

/**
 * Reads the content headers of a connection in place of amqplib, which ends the connection over a type tag that it does not
 * know or a table that is nested too deep. All other frames are amqplib's. To be called before the first channel is opened:
 * no message comes earlier.
 *
 * @throws Error for an amqplib that receives in another manner
 */
export function guard(connection: object): void {
  if (!isReceiving(connection)) {
    throw new Error(
      "The installed amqplib cannot be guarded: it receives frames in an unknown manner. Install amqplib 2.3",
    );
  }
  const reader = new ContentHeaderReader();
  const receive = connection.recvFrame.bind(connection);
  // amqplib calls it again after each read from the socket.
  connection.recvFrame = () => {
    const { rest } = connection;
    const size = payloadSize(rest);
    if (size === null) return receive();
    connection.rest = rest.subarray(PAYLOAD_AT + size + 1);
    const payload = rest.subarray(PAYLOAD_AT, PAYLOAD_AT + size);
    return {
      id: BASIC_CLASS,
      channel: rest.readUInt16BE(1),
      size: readUInt64(payload, 4),
      fields: reader.read(payload),
    };
  };
}

/** What the guard has read of the content header of a message. */
export function contentHeaderOf({ properties }: Pick<Message, "properties">): ContentHeader {
  return properties as MessageProperties & ContentHeader;
}

/** Null unless a whole content header comes next. */
function payloadSize(rest: Buffer): number | null {
  if (rest.length < PAYLOAD_AT + LEAST_PAYLOAD || rest[0] !== HEADER_FRAME) return null;
  const size = rest.readUInt32BE(3);
  const isWhole = size >= LEAST_PAYLOAD && rest[PAYLOAD_AT + size] === FRAME_END;
  return isWhole && rest.readUInt16BE(PAYLOAD_AT) === BASIC_CLASS ? size : null;
}

function isReceiving(connection: object): connection is Receiving {
  return (
    "rest" in connection &&
    Buffer.isBuffer(connection.rest) &&
    "recvFrame" in connection &&
    typeof connection.recvFrame === "function"
  );
}
