import { CeleryError } from "../ports/errors.ts";

/** How much work is under way at a time. */
export interface ManyOptions {
  /** Messages sent and not yet confirmed. Default 1 000. */
  readonly inFlight?: number;
}

/**
 * Does the same with each item, several at a time and never more than allowed, the answers in the items' order. At the
 * first failure no more are taken; it is thrown when those under way have ended.
 */
export async function forEachOf<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  { inFlight = 1_000 }: ManyOptions = {},
): Promise<R[]> {
  if (!Number.isInteger(inFlight) || inFlight < 1) {
    throw new CeleryError("option-invalid", `inFlight is ${String(inFlight)}: it must be a whole number from 1`);
  }
  const crew = new Crew(inFlight);
  const answers: R[] = [];
  let count = 0;
  try {
    for await (const item of items) {
      const at = count;
      count += 1;
      await crew.start(async () => {
        answers[at] = await work(item);
      });
      if (crew.failed) break;
    }
  } finally {
    await crew.end();
  }
  crew.assertNoneFailed();
  return answers;
}

/** A bounded number of works at a time. */
class Crew {
  readonly #size: number;
  #busy = 0;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => {};

  constructor(size: number) {
    this.#size = size;
  }

  get failed(): boolean {
    return this.#failure !== null;
  }

  /** Begins the work, after waiting for a place. */
  async start(work: () => Promise<void>): Promise<void> {
    await this.#until(() => this.#busy < this.#size);
    this.#busy += 1;
    void this.#run(work);
  }

  /** Resolves when all works have ended. */
  end(): Promise<void> {
    return this.#until(() => this.#busy === 0);
  }

  assertNoneFailed(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#busy -= 1;
      this.#wake();
    }
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
