// A worker whose tasks end its process. Arguments: the broker's address, the queue, the file that runs are noted in, and
// the options of the worker as JSON.
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Serializer } from "@leveret/celery-protocol";
import { defineTask } from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";

const [, , broker = "", queue = "", notes = "", options = "{}"] = process.argv;

const note = (name: string): void => appendFileSync(notes, `${name}\n`);

const ends: Readonly<Record<string, () => void>> = {
  abort: () => process.abort(),
  kill: () => void process.kill(process.pid, "SIGKILL"),
  exit: () => process.exit(1),
  throw: () =>
    queueMicrotask(() => {
      throw new Error("nobody catches this");
    }),
};

const poison = defineTask("crash.poison", (_context, name: string, how: string) => {
  note(name);
  ends[how]?.();
});
const late = defineTask("crash.late", async (_context, name: string, how: string, afterMs: number) => {
  note(name);
  await pause(afterMs);
  ends[how]?.();
});
const good = defineTask("crash.good", async (_context, name: string) => {
  await pause(5);
  note(name);
});

// Its body cannot be read without ending the process.
const bomb: Serializer = {
  name: "bomb",
  contentType: "application/x-bomb",
  contentEncoding: "binary",
  encode: () => new Uint8Array(),
  decode: () => {
    note("decoded");
    process.abort();
  },
};

const worker = createWorker({
  broker,
  tasks: [poison, late, good],
  queues: [JSON.parse(queue)],
  serializers: [bomb],
  accept: ["json", "bomb"],
  logLevel: "error",
  ...JSON.parse(options),
});
await worker.start();
process.on("SIGTERM", () => void worker.stop({ grace: 0 }).then(() => process.exit(0)));
