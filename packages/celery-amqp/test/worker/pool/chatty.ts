import { parentPort } from "node:worker_threads";
import { defineTask } from "@leveret/celery-amqp";

// Tasks that talk to the parent as libraries do, past the pool. Children load this file as the pool's module.

const messages: readonly unknown[] = [
  null,
  undefined,
  "shutdown",
  7,
  [],
  {},
  { type: "log" },
  { type: "log", run: 1, level: "nonsense", message: 5 },
  { type: "ready", tasks: [] },
  { type: "failed" },
  { type: "crashed" },
  { type: "done", run: 1 },
  { type: "done", run: 1, ending: { kind: "succeeded", result: "forged" }, memoryBytes: 0 },
  { type: "ask", run: 1, question: 1, about: null },
  { "@leveret/pool": "a guess", message: { type: "done", run: 1, ending: {}, memoryBytes: 0 } },
  { "@leveret/pool": null, message: null },
];

function post(message: unknown): void {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
  if (parentPort !== null) parentPort.postMessage(message);
  // Node refuses undefined itself, before it is sent.
  else if (message !== undefined) process.send?.(message);
}

/** Messages of the pool, as a library in the child hears them. */
const heard: unknown[] = [];
const listen = (message: unknown): void => void heard.push(message);
if (parentPort !== null) parentPort.on("message", listen);
else process.on("message", listen);

export const chatters = defineTask("chatty.chatters", async (context, x: number) => {
  for (const message of messages) post(message);
  await context.progress({ half: true });
  for (const message of messages) post(message);
  return x + 1;
});

/** Whether a library that asks each message for its type could take one for its own. */
export const hears = defineTask("chatty.hears", () =>
  heard.map((message) => typeof message === "object" && message !== null && "type" in message),
);
