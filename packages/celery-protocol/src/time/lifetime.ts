/**
 * The longest time to live that RabbitMQ accepts for a message or as an argument of a queue: ten years
 * (`rabbit_misc:check_expiry`).
 */
const longestMs = 3_650 * 86_400_000;

/** A time to live that RabbitMQ accepts: whole milliseconds from 0 to ten years. */
export function lifetimeMs(ms: number): number {
  return Math.min(Math.max(0, Math.trunc(ms)), longestMs);
}
