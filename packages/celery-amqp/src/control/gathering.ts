import type { ControlReply } from "@leveret/celery-protocol/control";
import type { Clock } from "../ports/clock.ts";

/** How long replies are awaited. */
export interface ReplyWait {
  readonly timeoutMs: number;
  /** Number of replies that ends the wait; null waits the whole time. */
  readonly limit: number | null;
}

/** The replies to one request, until the limit or the timeout. */
export class Gathering {
  readonly replies: ControlReply[] = [];
  readonly #limit: number | null;
  readonly #end = Promise.withResolvers<void>();

  constructor(limit: number | null) {
    this.#limit = limit;
  }

  take(reply: ControlReply): void {
    this.replies.push(reply);
    if (this.#limit !== null && this.replies.length >= this.#limit) this.end();
  }

  /** Ends the wait with the replies that came. */
  end(): void {
    this.#end.resolve();
  }

  async within(clock: Clock, timeoutMs: number): Promise<void> {
    const cancel = clock.setTimer(timeoutMs, () => this.end());
    await this.#end.promise;
    cancel();
  }
}
