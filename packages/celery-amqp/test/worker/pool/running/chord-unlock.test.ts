import { expect, test } from "vitest";
import { encodeSignature, type Tree } from "@leveret/celery-protocol";
import { signature } from "@leveret/celery-protocol/canvas";
import { encodeResultTuple } from "@leveret/celery-protocol/results";
import type { TaskContext } from "../../../../src/task/context.ts";
import { ResultTimeoutError } from "../../../../src/task/errors.ts";
import { ChordEndSignal, RetrySignal } from "../../../../src/task/signals.ts";
import { unlock } from "../../../../src/worker/pool/running/chord-unlock.ts";

interface Look {
  readonly interval?: Tree;
  readonly maxRetries?: Tree;
  readonly attempt?: number;
}

/** What one look at a header comes to whose results never come, and how long it waited for each. */
async function look(
  { interval = null, maxRetries = null, attempt = 1 }: Look,
  members = 1,
): Promise<{
  readonly ended: unknown;
  readonly waited: readonly number[];
  readonly together: number;
}> {
  const waited: number[] = [];
  let open = 0;
  let together = 0;
  const get = async ({ timeout }: { readonly timeout: number }): Promise<unknown> => {
    waited.push(timeout);
    open += 1;
    together = Math.max(together, open);
    await Promise.resolve();
    open -= 1;
    if (members > 1) return 1;
    throw new ResultTimeoutError("id", timeout);
  };
  const context = {
    attempt,
    signal: new AbortController().signal,
    client: { result: () => ({ get }) },
    retry({ in: seconds }: { readonly in: number }): never {
      throw new RetrySignal(seconds * 1_000);
    },
  } as unknown as TaskContext;
  const tuple = encodeResultTuple({ id: "part", parent: null, members: null });
  const given = {
    callback: encodeSignature(signature("demo.body")),
    interval,
    max_retries: maxRetries,
    result: Array.from({ length: members }, () => tuple),
  };
  const ended = await unlock(context, given).catch((error: unknown) => error);
  return { ended, waited, together };
}

test.each<[string, Look, number]>([
  ["none said", {}, 1],
  ["0", { interval: 0 }, 1],
  ["less than nothing", { interval: -5 }, 1],
  ["a hair", { interval: 1e-9 }, 1],
  ["3 s", { interval: 3 }, 3],
  ["a year", { interval: 31_536_000 }, 60],
  ["0, after many looks", { interval: 0, attempt: 600 }, 10],
  ["0, after a great many looks", { interval: 0, attempt: 9_000 }, 60],
])("with an interval of %s a look waits, and the next comes as much later", async (_name, given, seconds) => {
  const { ended, waited } = await look(given);
  expect(waited).toStrictEqual([seconds]);
  expect(ended).toBeInstanceOf(RetrySignal);
  expect((ended as RetrySignal).delayMs).toBe(seconds * 1_000);
});

test.each<[string, Look, boolean]>([
  ["none said", { attempt: 10_000 }, true],
  ["none said", { attempt: 10_001 }, false],
  ["more than allowed", { maxRetries: 1e9, attempt: 10_001 }, false],
  ["3", { maxRetries: 3, attempt: 3 }, true],
  ["3", { maxRetries: 3, attempt: 4 }, false],
])("with max_retries %s looks come to an end", async (_name, given, goesOn) => {
  const { ended } = await look(given);
  expect(ended).toBeInstanceOf(goesOn ? RetrySignal : ChordEndSignal);
});

test("a large header is waited for in parts", async () => {
  const { ended, waited, together } = await look({}, 2_345);
  expect(ended).toMatchObject({ outcome: { results: Array.from({ length: 2_345 }, () => 1) } });
  expect(waited).toHaveLength(2_345);
  expect(together).toBeLessThanOrEqual(500);
});
