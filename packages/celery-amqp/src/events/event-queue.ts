import type { CeleryEvent } from "@leveret/celery-protocol/events";

type Next = IteratorResult<CeleryEvent, undefined>;

/** Events that were not read yet, or readers without an event yet; then the end. */
export class EventQueue {
  readonly #limit: number;
  readonly #readers: PromiseWithResolvers<Next>[] = [];
  #events: CeleryEvent[] = [];
  #dropped = 0;
  #ended = false;
  /** Thrown to the first reader after the end. */
  #failure: { readonly error: unknown } | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Events dropped because they were not read in time. */
  get dropped(): number {
    return this.#dropped;
  }

  push(event: CeleryEvent): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value: event });
    if (this.#events.push(event) <= this.#limit) return;
    this.#events.shift();
    this.#dropped += 1;
  }

  next(): Promise<Next> {
    const reader = Promise.withResolvers<Next>();
    const event = this.#events.shift();
    if (event !== undefined) reader.resolve({ done: false, value: event });
    else if (this.#ended) this.#tellEnd(reader);
    else this.#readers.push(reader);
    return reader.promise;
  }

  /** Drops unread events and ends waiting readers. Only the first end counts. */
  end(failure: { readonly error: unknown } | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#events = [];
    for (const reader of this.#readers.splice(0)) this.#tellEnd(reader);
  }

  #tellEnd(reader: PromiseWithResolvers<Next>): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure === null) reader.resolve({ done: true, value: undefined });
    else reader.reject(failure.error);
  }
}
