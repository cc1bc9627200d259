import type { Address, WireMessage } from "@leveret/celery-protocol";

/** One publish from its call to its settling. */
export class Pending {
  readonly message: WireMessage;
  readonly address: Address;
  readonly mandatory: boolean;
  /** Milliseconds of the monotonic clock. */
  readonly deadline: number;
  readonly timeoutMs: number;
  /** It may be written more than once. */
  readonly resend: boolean;
  /** What it counts for in the limits. */
  readonly bytes: number;
  /** It has been written at least once: its outcome is unknown until the broker says. */
  wasSent = false;
  /** The broker has handed it back as unroutable; its ack is still to come. */
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
    this.resend = request.resend ?? true;
    this.bytes = request.message.body.byteLength + HEADER_BYTES;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Ends the publish; a promise takes only the first end. */
  settle(error: Error | null): void {
    if (error === null) this.#resolve();
    else this.#reject(error);
  }
}

/** A publish as the caller asked for it, complete. */
export interface PublishRequest {
  readonly message: WireMessage;
  readonly address: Address;
  readonly mandatory: boolean;
  readonly deadline: number;
  readonly timeoutMs: number;
  /** Default true. */
  readonly resend?: boolean;
}

/** A guess at what headers and frames add to a body; measuring would cost more than it is worth. */
const HEADER_BYTES = 1024;

/** Publishes in order of their calls, with their sum. */
export class PendingLine {
  readonly #entries = new Set<Pending>();
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Pending | null {
    for (const entry of this.#entries) return entry;
    return null;
  }

  add(entry: Pending): void {
    this.#entries.add(entry);
    this.#bytes += entry.bytes;
  }

  /** False: it is not (any more) in this line. */
  delete(entry: Pending): boolean {
    const was = this.#entries.delete(entry);
    if (was) this.#bytes -= entry.bytes;
    return was;
  }

  /** Puts `entries` in front, in their order. */
  prepend(entries: readonly Pending[]): void {
    const behind = this.takeAll();
    for (const entry of entries) this.add(entry);
    for (const entry of behind) this.add(entry);
  }

  takeAll(): readonly Pending[] {
    const all = [...this.#entries];
    this.#entries.clear();
    this.#bytes = 0;
    return all;
  }

  [Symbol.iterator](): IterableIterator<Pending> {
    return this.#entries.values();
  }
}
