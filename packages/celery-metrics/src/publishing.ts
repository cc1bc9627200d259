import type { Interceptor } from "@leveret/celery-amqp";
import type { Instruments } from "./instruments.ts";
import { createLabel } from "./label.ts";
import { outcomeOf } from "./outcome.ts";

/** Header in which a message tells when it was sent, epoch milliseconds: Celery's own do not say. */
export const sentAtHeader = "leveret_sent_at";

/** Stamps what is sent, and counts what became of it. */
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
