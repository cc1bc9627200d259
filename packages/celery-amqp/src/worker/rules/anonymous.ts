import type { Peek, WireMessage } from "@leveret/celery-protocol";

/**
 * The same message with an id, where that is all it lacks. Celery runs a task whose id is null, and one of protocol 1
 * without any, and can tell nobody of the result; of protocol 2 without an `id` header it dies, and that one is refused
 * (celery-wire 4). Null where there is nothing to mend.
 */
export function withFreshId(message: WireMessage, peek: Peek, id: string): WireMessage | null {
  const { headers } = message;
  if (peek.id !== null || peek.task === null || ("task" in headers && !("id" in headers))) return null;
  return { ...message, headers: { ...headers, task: peek.task, id } };
}
