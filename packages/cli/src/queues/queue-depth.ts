/** What is known of a queue. */
export interface QueueDepth {
  readonly name: string;
  /** Messages that wait. */
  readonly ready: number;
  /** Messages that consumers hold; null where only the management knows. */
  readonly unacknowledged: number | null;
  readonly consumers: number;
  /** `classic`, `quorum`, `stream`; null where only the management knows. */
  readonly type: string | null;
}

/** A queue that was asked for and is not there. */
export interface MissingQueue {
  readonly name: string;
  readonly missing: true;
}

/** Whether there is no such queue. */
export function isMissing(queue: QueueDepth | MissingQueue): queue is MissingQueue {
  return "missing" in queue;
}
