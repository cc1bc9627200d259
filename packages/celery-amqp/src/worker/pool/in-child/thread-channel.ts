import type { MessagePort } from "node:worker_threads";
import type { ChildChannel } from "./channel.ts";
import type { ToChild } from "../pipe/messages.ts";
import { Seal, toChild } from "../pipe/seal.ts";

/** A thread's way to its parent. What it throws outside of a handler the parent hears of by itself. */
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
