import { runWorker } from "@leveret/celery-amqp/worker";
import { tasks } from "./tasks.ts";

/** Serves the queue `celery` until told to stop; sets the exit code. */
export async function workerMode(options: { concurrency?: number; json?: boolean }): Promise<void> {
  await runWorker({
    tasks,
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
    logFormat: options.json === true ? "json" : "text",
  });
}
