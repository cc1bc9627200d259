import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

const METHOD_FRAME = 1;
/** Type, channel and size. */
const HEADER = 7;
/** `connection.close`: class 10, method 50 (AMQP 0-9-1, section 1.4.2.5). */
const CONNECTION_CLOSE = 10 * 0x1_00_00 + 50;

/** A connection attempt whose socket is observed. */
export interface Overheard<Result> {
  readonly result: Result;
  /** Reply text of the last close; null where none came, or the connection has TLS. */
  readonly closeText: () => string | null;
  /** Stops observing the socket. */
  readonly stop: () => void;
}

/**
 * Calls `connect`, which makes a socket at once, and keeps the last bytes read from it: amqplib does not report the
 * reply text of a `connection.close` that answers `connection.open`; only that text shows whether the vhost is missing,
 * forbidden or full.
 */
export function overhear<Result>(connect: () => Result): Overheard<Result> {
  let socket: Socket | null = null;
  let last: Buffer | null = null;
  const onSocket = (message: unknown): void => {
    socket = (message as { readonly socket: Socket }).socket;
  };
  subscribe("net.client.socket", onSocket);
  try {
    const result = connect();
    const overheard: Socket | null = socket;
    const stop = overheard === null ? () => {} : keepReads(overheard, (chunk) => (last = chunk));
    return { result, stop, closeText: () => last && closeTextIn(last) };
  } finally {
    unsubscribe("net.client.socket", onSocket);
  }
}

function keepReads(socket: Socket, keep: (chunk: Buffer) => void): () => void {
  const read = socket.read.bind(socket);
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (Buffer.isBuffer(chunk)) keep(chunk);
    return chunk;
  };
  return () => void Reflect.deleteProperty(socket, "read");
}

/** The text of the first `connection.close` in these bytes, which begin with a frame; null where there is none. */
export function closeTextIn(bytes: Buffer): string | null {
  for (let at = 0; at + HEADER < bytes.length; at += HEADER + bytes.readUInt32BE(at + 3) + 1) {
    const payload = bytes.subarray(at + HEADER, at + HEADER + bytes.readUInt32BE(at + 3));
    const isClose = payload.length > 7 && payload.readUInt32BE(0) === CONNECTION_CLOSE;
    if (bytes[at] === METHOD_FRAME && isClose) return payload.toString("utf8", 7, 7 + (payload[6] ?? 0));
  }
  return null;
}
