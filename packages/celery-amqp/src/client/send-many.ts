import { integer, props } from "@leveret/options";
import { CeleryError, PublishTimeoutError, SendManyError } from "../ports/errors.ts";
import { checkOptions } from "../ports/options.ts";
import type { Leaving } from "../send/outgoing.ts";
import type { AsyncResult } from "../task/sender.ts";
import type { Signature } from "../task/signature.ts";

/** Limit of concurrent sends. */
export interface ManyOptions {
  /** Messages sent and not yet confirmed. Default 1 000. */
  readonly inFlight?: number;
}

const manyShape = props<ManyOptions>({ inFlight: integer(1) });

/**
 * Does the same with each item, several at a time and never more than allowed, the answers in the items' order. At the
 * first failure no more are taken; it is thrown when the pending ones have ended.
 */
export async function forEachOf<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  options: ManyOptions = {},
): Promise<R[]> {
  checkOptions(manyShape, options, "sendMany");
  const { inFlight = 1_000 } = options;
  const crew = new Crew(inFlight);
  const answers: R[] = [];
  let count = 0;
  const start = (item: T): void => {
    const at = count;
    count += 1;
    crew.add(work(item), (answer: R) => {
      answers[at] = answer;
    });
  };
  try {
    if (Symbol.asyncIterator in items) {
      for await (const item of items) {
        if (crew.isFull) await crew.room();
        start(item);
        if (crew.failed) break;
      }
    } else {
      // A loop of its own: `for await` costs as much as a message where there is nothing to await.
      for (const item of items) {
        if (crew.isFull) await crew.room();
        start(item);
        if (count % FAILURE_SEEN_AFTER === 0) await Promise.resolve();
        if (crew.failed) break;
      }
    }
  } finally {
    await crew.end();
  }
  crew.assertNoneFailed();
  return answers;
}

/** Items that may be taken before the failure of one is seen. */
const FAILURE_SEEN_AFTER = 4;

/** Sends a call; `leaving` is called when its first message goes out. */
export type SendOne = (call: Signature<[], unknown>, leaving: (outgoing: Leaving) => void) => Promise<Leaving>;

/**
 * Sends many calls; the error of a failure has the outcome of each.
 *
 * @throws SendManyError; what the iterable throws
 */
export async function sendEach(
  calls: Iterable<Signature<[], unknown>> | AsyncIterable<Signature<[], unknown>>,
  sendOne: SendOne,
  options?: ManyOptions,
): Promise<AsyncResult<unknown>[]> {
  const [sent, unknown, notSent]: [string[], string[], string[]] = [[], [], []];
  const failures: unknown[] = [];
  let taken = 0;
  const send = async (call: Signature<[], unknown>): Promise<AsyncResult<unknown>> => {
    taken += 1;
    let left: Leaving | null = null;
    try {
      const { result } = await sendOne(call, (outgoing) => (left = outgoing));
      sent.push(result.id);
      return result;
    } catch (error) {
      failures.push(error);
      const id = idOf(left, call);
      if (id !== null) (left !== null && mayHaveArrived(error, call) ? unknown : notSent).push(id);
      throw error;
    }
  };
  try {
    return await forEachOf(calls, send, options);
  } catch (error) {
    if (failures.length === 0 || failures[0] !== error) throw error;
    throw new SendManyError(error, { sent, unknown, notSent, taken });
  }
}

function idOf(left: Leaving | null, { options }: Signature<[], unknown>): string | null {
  return left?.result.id ?? options.id ?? null;
}

/** Errors by which the message is in no queue. */
const refusals: ReadonlySet<string> = new Set([
  "unroutable",
  "publish-nacked",
  "publish-refused",
  "overloaded",
  "message-too-large",
  "encode-failed",
  "option-invalid",
  "access-refused",
  "not-found",
  "queue-mismatch",
  "limit-reached",
]);

/** Of a canvas some messages may be out when another one is refused. */
function mayHaveArrived(error: unknown, call: Signature<[], unknown>): boolean {
  if (call.composed !== null) return true;
  if (error instanceof PublishTimeoutError) return error.outcome === "unknown";
  return !(error instanceof CeleryError && refusals.has(error.code));
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

  get isFull(): boolean {
    return this.#busy >= this.#size;
  }

  /** Counts work that has begun until it ends. */
  add<R>(work: Promise<R>, onDone: (answer: R) => void): void {
    this.#busy += 1;
    void this.#see(work, onDone);
  }

  /** Resolves when more work may start. */
  room(): Promise<void> {
    return this.#until(() => !this.isFull);
  }

  /** Resolves when all works have ended. */
  end(): Promise<void> {
    return this.#until(() => this.#busy === 0);
  }

  assertNoneFailed(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  async #see<R>(work: Promise<R>, onDone: (answer: R) => void): Promise<void> {
    try {
      onDone(await work);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#busy -= 1;
    this.#wake();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
