import type { Interceptor } from "@leveret/celery-amqp";
import type { Instruments } from "./instruments.ts";
import { createLabel } from "./label.ts";
import { outcomeOf } from "./outcome.ts";

/** Header with the time of sending, in epoch milliseconds: Celery's headers have none. */
export const sentAtHeader = "leveret_sent_at";

/** Adds the time of sending to tasks, and counts their outcomes. */
export function createPublishInterceptor(
  { published, publishTime }: Pick<Instruments, "published" | "publishTime">,
  now: () => number,
): Interceptor {
  const label = createLabel();
  return {
    async send(task, next, target) {
      const start = now();
      const stamped = { ...task, extraHeaders: { ...task.extraHeaders, [sentAtHeader]: start } };
      if (target === null) return next(stamped); // prepared for later: nothing is published yet
      let outcome = "confirmed";
      try {
        await next(stamped);
      } catch (error) {
        outcome = outcomeOf(error);
        throw error;
      } finally {
        published.inc({ task: label(task.task), outcome });
        publishTime.observe({ outcome }, Math.max(0, now() - start) / 1_000);
      }
    },
  };
}
