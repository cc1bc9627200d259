import type { Duplex } from "node:stream";

/**
 * Sends all bytes written to the socket in one turn of the event loop by one system call. amqplib writes message by
 * message; this saves a tenth of the processor time of a publish.
 */
export function coalesceWrites(stream: Duplex): void {
  const write: Duplex["write"] = stream.write.bind(stream);
  const uncork = () => {
    isCorked = false;
    stream.uncork();
  };
  let isCorked = false;
  stream.write = ((chunk: unknown, ...rest: []) => {
    if (!isCorked) {
      isCorked = true;
      stream.cork();
      process.nextTick(uncork);
    }
    return write(chunk, ...rest);
  }) as Duplex["write"];
}
