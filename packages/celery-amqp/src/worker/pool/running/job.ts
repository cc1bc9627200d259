import type { WireSignature, TaskMessage, Tree } from "@leveret/celery-protocol";
import type { Logger } from "../../../ports/logger.ts";
import type { TaskPolicy } from "../../../task/policy.ts";
import type { TaskSender } from "../../../task/sender.ts";

/** One run to be done: only values, so that it may cross a process border. */
export interface Job {
  readonly task: TaskMessage;
  readonly policy: TaskPolicy;
  readonly redelivered: boolean;
}

/** What a running task asks of the worker around it. */
export interface JobHost {
  /** Stores a state of the task's own; resolves when it is stored. */
  readonly setState: (job: Job, state: string, meta: Tree) => Promise<void>;
  /** Sends a custom event of the task to monitors. */
  readonly sendEvent: (job: Job, type: string, fields: Readonly<Record<string, Tree>>) => Promise<void>;
  /** Sends children of the task; `onSent` gets their result tuples, which the result of the task names. */
  readonly senderFor: (job: Job, onSent: (children: readonly Tree[]) => void) => TaskSender;
  /** Makes one more call part of the chord of the task; resolves with the result tuples of what was sent. */
  readonly addToChord: (job: Job, call: WireSignature) => Promise<readonly Tree[]>;
  /** Node name of the worker. */
  readonly hostname: string;
  /** A logger whose lines carry the task's id and name. */
  readonly logFor: (job: Job) => Logger;
}

/** Limits of one run, in milliseconds; null is none. Celery writes them in seconds. */
export interface Limits {
  readonly softMs: number | null;
  readonly hardMs: number | null;
}

/** The limits of the message, else those of the task. 0 in a message is none (celery/worker/request.py `time_limits`). */
export function limitsOf({ task, policy }: Job): Limits {
  const { softSeconds, hardSeconds } = task.timeLimit;
  return {
    softMs: softSeconds === null || softSeconds === 0 ? policy.softTimeLimitMs : softSeconds * 1000,
    hardMs: hardSeconds === null || hardSeconds === 0 ? policy.timeLimitMs : hardSeconds * 1000,
  };
}
