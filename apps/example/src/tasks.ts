import { setTimeout as wait } from "node:timers/promises";
import { defineTask } from "@leveret/celery-amqp";
import { z } from "zod";
import { countPrimes } from "./primes.ts";

/** Adds two numbers. */
export const add = defineTask("tasks.add", (_ctx, x: number, y: number) => x + y);

/** Counts the primes below n slowly: a computation that takes seconds. */
export const heavy = defineTask("tasks.heavy", (ctx, n: number) => countPrimes(n, ctx.signal));

/** Pretends to upload `size` megabytes, a tenth of a second each, and reports its progress. */
export const upload = defineTask("tasks.upload", async (ctx, url: string, size: number) => {
  for (let sent = 0; sent < size; sent += 1) {
    await ctx.progress({ sent, size });
    await wait(100, undefined, { signal: ctx.signal });
  }
  return { url, size };
});

/** The two-step form: keyword arguments are parsed by `input`, then `run` is called with what came out. */
export const sendSms = defineTask("tasks.send_sms", {
  input: z.object({ phone: z.string().min(3), text: z.string().max(160) }),
  returns: z.string(),
  run: (_ctx, { phone, text }) => `${phone}: ${text}`,
});

/** Fails, always. Python callers see a ValueError. */
export const fail = defineTask("tasks.fail", (_ctx, message: string): never => {
  throw new ValueError(message);
});

/** Finds its gateway busy at first and asks for another try. */
export const call = defineTask("tasks.call", (ctx, phone: string) => {
  if (ctx.attempt === 1) ctx.retry({ in: "1s", cause: new Error("the line is busy") });
  return `${phone} answered at attempt ${ctx.attempt}`;
});

class ValueError extends Error {
  override readonly name = "ValueError";
}

/** All tasks a worker of the example serves. */
export const tasks = [add, heavy, upload, sendSms, fail, call];
