import type { AsyncResult, WaitOptions } from "../task/sender.ts";

/**
 * Yields a result and its descendants, each once it has ended, with its value: first the result itself, then those of
 * the tasks it sent, then those of their tasks. Source: celery/result.py `AsyncResult.collect`.
 *
 * @throws as `get` of each
 */
export async function* collectFrom(
  first: AsyncResult<unknown>,
  options: WaitOptions,
): AsyncGenerator<readonly [AsyncResult<unknown>, unknown], void, undefined> {
  const waiting: AsyncResult<unknown>[] = [first];
  for (let at = 0; at < waiting.length; at += 1) {
    const result = waiting[at];
    if (result === undefined) return;
    yield [result, await result.get(options)];
    waiting.push(...(await result.children(options)));
  }
}
