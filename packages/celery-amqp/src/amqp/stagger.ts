import type { Clock } from "../ports/clock.ts";

/** The result of staggered attempts. */
export interface Staggered<Won, Failed> {
  /** Null: all failed. */
  readonly won: Won | null;
  /** Number of attempts started. */
  readonly begun: number;
  /** In the order of the attempts. */
  readonly failures: readonly Failed[];
}

/** The attempt and its timing. */
export interface StaggerParts<Item, Won, Failed> {
  readonly clock: Clock;
  /** The next attempt starts when one has failed, or after this time. */
  readonly afterMs: number;
  /** Never rejects. */
  readonly attempt: (item: Item) => Promise<{ readonly won: Won } | { readonly failed: Failed }>;
  /** Called with each success after the first. */
  readonly discard: (late: Won) => void;
}

/** Tries items in their order, the next one in parallel to slow ones; the first success wins (RFC 8305, section 5). */
export async function staggered<Item, Won, Failed>(
  items: readonly Item[],
  { clock, afterMs, attempt, discard }: StaggerParts<Item, Won, Failed>,
): Promise<Staggered<Won, Failed>> {
  const found = Promise.withResolvers<Won>();
  const failures = new Map<number, Failed>();
  let isOver = false;
  const start = async (item: Item, index: number): Promise<null> => {
    const outcome = await attempt(item);
    if ("failed" in outcome) failures.set(index, outcome.failed);
    else if (isOver) discard(outcome.won);
    else found.resolve(outcome.won);
    return null;
  };
  const attempts: Promise<null>[] = [];
  let won: Won | null = null;
  for (const [index, item] of items.entries()) {
    const begun = start(item, index);
    attempts.push(begun);
    const isLast = index === items.length - 1;
    won = await Promise.race([found.promise, isLast ? all(attempts) : passed(clock, afterMs, begun)]);
    if (won !== null) break;
  }
  isOver = true;
  return { won, begun: attempts.length, failures: [...failures].toSorted(([a], [b]) => a - b).map(([, each]) => each) };
}

async function all(attempts: readonly Promise<null>[]): Promise<null> {
  await Promise.all(attempts);
  return null;
}

/** Resolves when the attempt is over, or after `afterMs`. */
function passed(clock: Clock, afterMs: number, attempt: Promise<null>): Promise<null> {
  return new Promise((resolve) => {
    const stop = clock.setTimer(afterMs, () => resolve(null));
    void attempt.then(resolve).finally(stop);
  });
}
