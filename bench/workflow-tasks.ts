import { defineTask } from "@leveret/celery-amqp";

/** Gives what it is given. */
export const same = defineTask("bench.same", (_ctx, x: number) => x);

/** The body of a chord. */
export const total = defineTask("bench.total", (_ctx, xs: readonly number[]) => xs.reduce((sum, x) => sum + x, 0));
