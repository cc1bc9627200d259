import type { Message, MessageProperties } from "amqplib";
import { type ContentHeader, ContentHeaderReader } from "./content-header.ts";
import { readUInt64 } from "./field-table.ts";

/**
 * The receiving side of amqplib's connection (lib/connection.js, 2.3): takes frames out of `rest`, which it fills from
 * the socket.
 */
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
 * Reads the content headers of a connection instead of amqplib, which closes the connection for an unknown type tag or
 * a table that is nested too deep. amqplib reads all other frames. Must be called before the first channel is opened:
 * no message comes earlier.
 *
 * @throws Error for an amqplib that receives in another manner
 */
export function guard(connection: object): void {
  if (!isReceiving(connection)) {
    throw new Error(
      "The installed amqplib cannot be guarded: its connection has no known receiver of frames. Install amqplib 2.3.",
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

/** The content header of a message, as the guard has read it. */
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
