import type { Peek, WireMessage } from "@leveret/celery-protocol";

/**
 * The message with an id, where only the id is missing. Celery runs a task whose id is null, and one of protocol 1 without an
 * id, and reports no result; a message of protocol 2 without an `id` header crashes it, and is refused here. Null for all
 * other messages. Source: celery/worker/strategy.py.
 */
export function withFreshId(message: WireMessage, peek: Peek, id: string): WireMessage | null {
  const { headers } = message;
  if (peek.id !== null || peek.task === null || ("task" in headers && !("id" in headers))) return null;
  return { ...message, headers: { ...headers, task: peek.task, id } };
}
