import type { Address, WireMessage } from "@leveret/celery-protocol";

/** One publish from its call to its settling. */
export class Pending {
  readonly message: WireMessage;
  readonly address: Address;
  readonly mandatory: boolean;
  /** Milliseconds of the monotonic clock. */
  readonly deadline: number;
  readonly timeoutMs: number;
  /**
   * How long the broker may take to confirm it, in milliseconds from the write; null: until the deadline. A missed
   * answer timeout is no fault of node or channel.
   */
  readonly answerTimeoutMs: number | null;
  /** It may be written more than once. */
  readonly resend: boolean;
  /** Its size in the limits, in bytes. */
  readonly bytes: number;
  /** When it was written to the channel that it is on, on the monotonic clock. */
  writtenAt: number = Number.POSITIVE_INFINITY;
  /** Written at least once: its outcome is unknown until the broker confirms or refuses it. */
  wasSent = false;
  /** The broker has returned it as unroutable; its ack is still to come. */
  wasReturned = false;
  /** The broker has refused it once. */
  wasNacked = false;
  readonly #resolve: () => void;
  readonly #reject: (reason: Error) => void;

  constructor(request: PublishRequest, resolve: () => void, reject: (reason: Error) => void) {
    this.message = request.message;
    this.address = request.address;
    this.mandatory = request.mandatory;
    this.deadline = request.deadline;
    this.timeoutMs = request.timeoutMs;
    this.answerTimeoutMs = request.answerTimeoutMs ?? null;
    this.resend = request.resend ?? true;
    this.bytes = request.message.body.byteLength + HEADER_BYTES;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** The destination, as one string. */
  get key(): string {
    const { exchange, routingKey } = this.address;
    return exchange === "" ? routingKey : `${exchange}\n${routingKey}`;
  }

  /** The time at which it fails, as known now. */
  get endsAt(): number {
    return this.answerTimeoutMs === null
      ? this.deadline
      : Math.min(this.deadline, this.writtenAt + this.answerTimeoutMs);
  }

  /** Ends the publish; a promise takes only the first end. */
  settle(error: Error | null): void {
    if (error === null) this.#resolve();
    else this.#reject(error);
  }
}

/** A publish with all its options. */
export interface PublishRequest {
  readonly message: WireMessage;
  readonly address: Address;
  readonly mandatory: boolean;
  readonly deadline: number;
  readonly timeoutMs: number;
  /** Default none. */
  readonly answerTimeoutMs?: number | undefined;
  /** Default true. */
  readonly resend?: boolean;
}

/** Estimated size of headers and frames beside the body; measuring takes too long. */
const HEADER_BYTES = 1024;

/** Publishes in order of their calls, with their sum. */
export class PendingQueue {
  readonly #entries = new Set<Pending>();
  #bytes = 0;
  #due = 0;

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many of them have no answer timeout. */
  get due(): number {
    return this.#due;
  }

  /** The first one without an answer timeout. */
  get oldestDue(): Pending | null {
    if (this.#due > 0) for (const entry of this.#entries) if (entry.answerTimeoutMs === null) return entry;
    return null;
  }

  add(entry: Pending): void {
    this.#entries.add(entry);
    this.#bytes += entry.bytes;
    if (entry.answerTimeoutMs === null) this.#due += 1;
  }

  /** False: it is not (any more) in this queue. */
  delete(entry: Pending): boolean {
    const was = this.#entries.delete(entry);
    if (!was) return false;
    this.#bytes -= entry.bytes;
    if (entry.answerTimeoutMs === null) this.#due -= 1;
    return true;
  }

  /** Inserts `entries` at the head, in their order. */
  prepend(entries: readonly Pending[]): void {
    const behind = this.takeAll();
    for (const entry of entries) this.add(entry);
    for (const entry of behind) this.add(entry);
  }

  takeAll(): readonly Pending[] {
    const all = [...this.#entries];
    this.#entries.clear();
    this.#bytes = 0;
    this.#due = 0;
    return all;
  }

  [Symbol.iterator](): IterableIterator<Pending> {
    return this.#entries.values();
  }
}
