import type { MessagePort } from "node:worker_threads";
import type { ChildChannel } from "./channel.ts";
import type { ToChild } from "../pipe/messages.ts";
import { Seal, toChild } from "../pipe/seal.ts";

/** The channel of a thread to its parent. An error outside of a handler is an event of the parent's Worker. */
export function threadChannel(port: MessagePort): ChildChannel {
  const seal = new Seal<ToChild>(null, toChild);
  return {
    onMessage: (listener) =>
      void port.on("message", (received) => {
        const message = seal.open(received);
        if (message !== null) listener(message);
      }),
    send: async (message) => port.postMessage(seal.close(message)),
    memoryBytes() {
      const { heapUsed, external } = process.memoryUsage(); // of this thread alone, all but rss
      return heapUsed + external;
    },
  };
}
