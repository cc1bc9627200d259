/** Messages and consumers of a queue. */
export interface QueueDepth {
  readonly name: string;
  /** Ready messages. */
  readonly ready: number;
  /** Unacknowledged messages; null without the management API. */
  readonly unacknowledged: number | null;
  readonly consumers: number;
  /** `classic`, `quorum`, `stream`; null without the management API. */
  readonly type: string | null;
}

/** A named queue that does not exist. */
export interface MissingQueue {
  readonly name: string;
  readonly missing: true;
}

/** Whether the queue does not exist. */
export function isMissing(queue: QueueDepth | MissingQueue): queue is MissingQueue {
  return "missing" in queue;
}
