import type { MessagePort } from "node:worker_threads";
import type { ChildChannel } from "./child-channel.ts";
import type { ToChild } from "./messages.ts";

/** A thread's way to its parent. What it throws outside of a handler the parent hears of by itself. */
export function threadChannel(port: MessagePort): ChildChannel {
  return {
    onMessage: (listener) => void port.on("message", (message) => listener(message as ToChild)),
    send: async (message) => port.postMessage(message),
    memoryBytes() {
      const { heapUsed, external } = process.memoryUsage(); // of this thread alone, all but rss
      return heapUsed + external;
    },
  };
}
