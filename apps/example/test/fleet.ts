import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CeleryError, createClient, defineTask } from "@leveret/celery-amqp";
import { createWorker } from "@leveret/celery-amqp/worker";

// A client that sends tasks at a steady rate, and workers that run them: fleet.ts BROKER TASKS FOLDER. It sends at least so
// many and until the file is there, waits until all have run, and prints what became of them as JSON.
const [broker = "", tasks = "100", folder = ""] = process.argv.slice(2);
const PER_SECOND = 30;
const WORKERS = 3;
const TASK_MS = 300;
const queue = "load";

/** The longest time between two events, in milliseconds. */
class Gap {
  #last = performance.now();
  longestMs = 0;

  mark(): void {
    const now = performance.now();
    this.longestMs = Math.max(this.longestMs, now - this.#last);
    this.#last = now;
  }
}

const ran = new Set<number>();
let runs = 0;
const work = new Gap();
const task = defineTask("load.work", async (_ctx, number: number) => {
  await wait(TASK_MS);
  ran.add(number);
  runs += 1;
  work.mark();
});

const fleet = Array.from({ length: WORKERS }, () =>
  createWorker({ broker, tasks: [task], queues: [queue], concurrency: 4, logLevel: "error" }),
);
await Promise.all(fleet.map((worker) => worker.start()));
const client = createClient({ broker });
const confirms = new Gap();
const confirmed: number[] = [];
const failures: Record<string, number> = {};
async function send(number: number): Promise<void> {
  try {
    await client.send(task.with({ queue }), number);
    confirmed.push(number);
    confirms.mark();
  } catch (error) {
    const code = error instanceof CeleryError ? error.code : String(error);
    failures[code] = (failures[code] ?? 0) + 1;
  }
}

// The first one opens the connection.
await send(0);
confirms.longestMs = 0;
work.mark();
work.longestMs = 0;
writeFileSync(join(folder, "started"), "");
const sends: Promise<void>[] = [];
const started = performance.now();
for (let number = 1; number < Number(tasks) || !existsSync(join(folder, "stop")); number += 1) {
  sends.push(send(number));
  // By the clock, so that a late timer does not slow the rate.
  await wait(Math.max(0, started + (number * 1000) / PER_SECOND - performance.now()));
}
await Promise.all(sends);
confirms.mark();
const missing = (): number => confirmed.filter((number) => !ran.has(number)).length;
for (const deadline = Date.now() + 240_000; missing() > 0 && Date.now() < deadline;) await wait(200);
console.log(
  JSON.stringify({
    sent: confirmed.length,
    failures,
    ran: ran.size,
    runs,
    lost: missing(),
    confirmGapMs: Math.round(confirms.longestMs),
    workGapMs: Math.round(work.longestMs),
  }),
);
await Promise.all(fleet.map((worker) => worker.stop()));
await client.close();
