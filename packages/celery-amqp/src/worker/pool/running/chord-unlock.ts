import { decodeSignature, type Tree } from "@leveret/celery-protocol";
import { decodeResultTuple, type ResultTuple } from "@leveret/celery-protocol/results";
import type { TaskContext } from "../../../task/context.ts";
import { ResultTimeoutError } from "../../../task/errors.ts";
import { ChordEndSignal } from "../../../task/signals.ts";

/** Seconds before the first poll of the header, and between two polls: Celery's `result_chord_retry_interval`. */
const shortestSeconds = 1;
/** A poll takes a slot, so it never waits longer. */
const longestSeconds = 60;
/** After so many polls the wait is one second longer: a chord of hours is polled each minute. */
const looksASecond = 60;
/** With the waits that grow, ten days and more. */
const mostLooks = 10_000;
/** Results that are waited for at once. */
const together = 500;

/**
 * Ends a chord for clients whose backend cannot count: waits a while for the results of the header and comes again until
 * all are there. Whatever the message contains, a poll waits 1 s to 60 s, longer with each poll,
 * and there are 10 000 at most. Source: celery/app/builtins.py `add_unlock_chord_task`.
 */
export async function unlock(context: TaskContext, given: Readonly<Record<string, Tree>>): Promise<never> {
  const { callback = null, interval, max_retries: most, result = null } = given;
  const { attempt } = context;
  const seconds = waitSeconds(interval, attempt);
  const body = decodeSignature(callback);
  try {
    const header = Array.isArray(result) ? (result as readonly Tree[]) : [];
    const results = await valuesOf(context, header.map(decodeResultTuple), seconds);
    throw new ChordEndSignal(body, { results: results as readonly Tree[] });
  } catch (error) {
    if (!(error instanceof Error) || error instanceof ChordEndSignal) throw error;
    const looks = typeof most === "number" ? Math.min(most, mostLooks) : mostLooks;
    if (error instanceof ResultTimeoutError && attempt <= looks) context.retry({ in: seconds });
    throw new ChordEndSignal(body, { error: error.message });
  }
}

function waitSeconds(interval: Tree | undefined, attempt: number): number {
  const wanted = typeof interval === "number" ? interval : shortestSeconds;
  return Math.min(Math.max(wanted, shortestSeconds, attempt / looksASecond), longestSeconds);
}

async function valuesOf(
  context: TaskContext,
  tuples: readonly ResultTuple[],
  timeout: number,
): Promise<readonly unknown[]> {
  const values: unknown[] = [];
  for (let from = 0; from < tuples.length; from += together) {
    const some = tuples.slice(from, from + together);
    for (const value of await Promise.all(some.map((tuple) => valueOf(context, tuple, timeout)))) values.push(value);
  }
  return values;
}

async function valueOf(context: TaskContext, { id, members }: ResultTuple, timeout: number): Promise<unknown> {
  if (members !== null) return valuesOf(context, members, timeout);
  return context.client.result(id).get({ timeout, signal: context.signal });
}
