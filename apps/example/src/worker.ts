import type { Duration } from "@leveret/celery-amqp";
import { runWorker } from "@leveret/celery-amqp/worker";
import { tasks } from "./tasks.ts";

/** Consumes the queue `celery` until a signal stops it; sets the exit code. */
export async function workerMode(options: { concurrency?: number; grace?: Duration; json?: boolean }): Promise<void> {
  await runWorker({
    tasks,
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    ...(options.grace === undefined ? {} : { grace: options.grace }),
    logFormat: options.json === true ? "json" : "text",
  });
}
