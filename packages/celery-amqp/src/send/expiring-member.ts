import type { TaskMessage } from "@leveret/celery-protocol";

/**
 * A task that some chord waits for, without the time to live by which RabbitMQ would drop it in its queue: it comes to a
 * worker, which sees by `expires` that it is too late and reports that to the chord. Any other task as it is.
 */
export function keptForItsChord(task: TaskMessage): TaskMessage {
  return task.expirationMs === null || !isAwaitedByChord(task) ? task : { ...task, expirationMs: null };
}

/** It is a member of a header, or a step before one. */
function isAwaitedByChord({ chord, chain }: TaskMessage): boolean {
  return chord !== null || chain?.some(({ options }) => (options["chord"] ?? null) !== null) === true;
}
