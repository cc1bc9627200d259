// A worker to be killed, whose tasks make up a chord. Its first argument is the broker's address.
import { setTimeout as pause } from "node:timers/promises";
import { defineTask } from "../../src/index.ts";
import { runWorker } from "../../src/worker.ts";

const member = defineTask("killed.member", async (_ctx, place: number, pauseMs: number) => {
  await pause(pauseMs);
  return place;
});

await runWorker({
  broker: process.argv[2],
  tasks: [member],
  queues: ["chord.header"],
  concurrency: 4,
  chords: "rabbitmq",
  logLevel: "error",
});
