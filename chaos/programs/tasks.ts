import { setTimeout as pause } from "node:timers/promises";
import { defineTask, type TaskContext } from "@leveret/celery-amqp";
import { RETRIED_ATTEMPTS } from "../judging/judge.ts";
import { isProgram, recordFaults, recordsHere, wasRedelivered } from "./witness.ts";

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

/** Waits a little, as work does, without a record. */
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

/** Answers much: under a memory alarm of the broker such answers fill what waits to be published. */
export const large = defineTask("chaos.large", {
  run: (context, length: number) => witnessed(context, () => "x".repeat(length)),
  rejectOnWorkerLost: true,
});

/** Kills the process that runs it, which is a child of a pool. */
export const poison = defineTask("chaos.poison", {
  run: (context) => witnessed(context, () => process.kill(process.pid, "SIGKILL")),
  ignoreResult: true,
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

/** Does `work` as a task of a chord, and writes that down. */
async function witnessedOf<T>(
  { id: taskId, message }: TaskContext,
  part: { readonly chord: string; readonly place: number | null; readonly order: string | null },
  work: () => Promise<T> | T,
): Promise<T> {
  const entry = { type: "chord-task", ...part, taskId, redelivered: wasRedelivered(message) } as const;
  recordsHere().write({ ...entry, phase: "began" });
  try {
    return await work();
  } finally {
    recordsHere().write({ ...entry, phase: "ended" });
  }
}

/** A member of a chord, which returns its index in the header, or fails. */
export const member = defineTask("chaos.chord-member", {
  run: (context, chord: string, place: number, ms: number, fails: boolean) =>
    witnessedOf(context, { chord, place, order: null }, async () => {
      await pause(ms);
      if (fails) throw new RangeError("as it was asked to");
      return place;
    }),
  rejectOnWorkerLost: true,
});

/** A chain's second task, which passes an index on. */
export const relay = defineTask("chaos.chord-relay", {
  run: (context, place: number, chord: string) => witnessedOf(context, { chord, place, order: null }, () => place),
  rejectOnWorkerLost: true,
});

/** Answers what it got. */
export const body = defineTask("chaos.chord-body", {
  run: (context, order: unknown, chord: string) =>
    witnessedOf(context, { chord, place: null, order: JSON.stringify(order) }, () => order),
  rejectOnWorkerLost: true,
});

/** The errback of a body that does not run. */
export const alarm = defineTask("chaos.chord-failed", {
  run: (_context, failedId: string) => recordsHere().write({ type: "chord-failed", body: failedId }),
  ignoreResult: true,
  rejectOnWorkerLost: true,
});

/** What runs in the queues of those that kill their process. */
export const poisonTasks = [plain, poison];
/** What chords are made of. */
export const chordTasks = [member, relay, body, alarm];
/** All that workers run. */
export const tasks = [plain, answered, large, retried, delayed, failing, slow, ...chordTasks];
