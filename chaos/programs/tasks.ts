import { setTimeout as pause } from "node:timers/promises";
import { defineTask, type TaskContext } from "@leveret/celery-amqp";
import { RETRIED_ATTEMPTS } from "../judge.ts";
import { isProgram, recordFaults, recordsHere } from "./witness.ts";

// Here and not in the programs, so that the children of pools, which load this module alone, are watched too.
if (isProgram) recordFaults();

/** Does `work` as the run of a task, and writes down that it began and that it is about to end, well or not. */
async function witnessed<T>({ id, attempt, redelivered }: TaskContext, work: () => Promise<T> | T): Promise<T> {
  recordsHere().write({ type: "began", id, attempt, redelivered });
  try {
    return await work();
  } finally {
    recordsHere().write({ type: "ended", id, attempt, redelivered });
  }
}

/** Waits a little, as work does, and says nothing. */
export const plain = defineTask("chaos.plain", {
  run: (context, ms: number) => witnessed(context, () => pause(ms)),
  ignoreResult: true,
  rejectOnWorkerLost: true,
});

/** Answers. */
export const answered = defineTask("chaos.answered", {
  run: (context, x: number, y: number) => witnessed(context, () => x + y),
  rejectOnWorkerLost: true,
});

/** Fails until its last attempt; the waits between are short ones in memory and longer ones in the broker. */
export const retried = defineTask("chaos.retried", {
  run: (context, seconds: number) =>
    witnessed(context, () => {
      if (context.attempt < RETRIED_ATTEMPTS) context.retry({ in: seconds });
    }),
  retry: { attempts: RETRIED_ATTEMPTS },
  ignoreResult: true,
  rejectOnWorkerLost: true,
});

/** Runs when it is due. */
export const delayed = defineTask("chaos.delayed", {
  run: (context) => witnessed(context, () => {}),
  ignoreResult: true,
  rejectOnWorkerLost: true,
});

/** Throws. */
export const failing = defineTask("chaos.failing", {
  run: (context) =>
    witnessed(context, () => {
      throw new RangeError("as it was asked to");
    }),
  ignoreResult: true,
  rejectOnWorkerLost: true,
});

/** Takes long enough to be hit by something. */
export const slow = defineTask("chaos.slow", {
  run: (context, ms: number) => witnessed(context, () => pause(ms)),
  ignoreResult: true,
  rejectOnWorkerLost: true,
});

/** All that workers run. */
export const tasks = [plain, answered, retried, delayed, failing, slow];
