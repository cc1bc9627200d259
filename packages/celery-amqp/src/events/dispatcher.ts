import {
  type Address,
  batchAddress,
  type Content,
  encodeEvent,
  encodeEventBatch,
  type CeleryEvent,
  eventAddress,
  type EventBody,
  eventExchange,
  type WireMessage,
} from "@leveret/celery-protocol";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { Transport, TransportState } from "../ports/transport.ts";
import type { LogicalClock } from "./logical-clock.ts";

/** What telling events takes. */
export interface DispatcherParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly clock: Clock;
  readonly ticks: LogicalClock;
  readonly log: Logger;
  /** Node name of this process. */
  readonly hostname: string;
  readonly pid: number;
  /** Called each time events can be sent (again): at first, and after every loss of the connection. */
  readonly onReady?: () => void;
  /** Events kept while they cannot be sent; beyond it the oldest are dropped. Default 5 000. */
  readonly lineLimit?: number;
}

/**
 * Tells monitors what happens, and never holds anybody up: an event that cannot be sent now waits in a bounded line, and
 * what does not fit is dropped and counted. Task events of a worker go in batches, at the next turn of the event loop or
 * when there are 24. Source: celery/events/dispatcher.py; celery/worker/consumer/events.py.
 */
export class EventDispatcher {
  readonly #parts: DispatcherParts;
  readonly #lineLimit: number;
  readonly #unwatch: () => void;
  #line: CeleryEvent[] = [];
  #cancelFlush: (() => void) | null = null;
  #inFlight = 0;
  #dropped = 0;
  /** Dropped since events were last sent. */
  #droppedInARow = 0;
  #exchange: "unknown" | "asked" | "there" | "refused" = "unknown";
  #askAgainAt = 0;
  #preparing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#lineLimit = parts.lineLimit ?? 5_000;
    this.#unwatch = parts.transport.onState((state) => this.#onState(state));
  }

  /** Events about tasks that were given up since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Asks for the exchange, so that the first event need not wait for it. */
  start(): void {
    this.#prepare();
  }

  /** Tells it soon, or later where the broker is away. */
  send(body: EventBody): void {
    if (this.#isClosed) return;
    const size = this.#line.push(this.#stamp(body));
    if (size > this.#lineLimit) {
      this.#line.shift();
      this.#drop(1, "there are too many that could not be sent");
    }
    if (size >= batchSize) this.#flush();
    else this.#cancelFlush ??= this.#parts.clock.setTimer(0, () => this.#flush());
  }

  /** Tells it, and what waits before it, ahead of anything that this process publishes from now on. */
  sendAhead(body: EventBody): void {
    this.send(body);
    this.#flush();
  }

  /** Tells it now or not at all: what it says will not be true for long. */
  report(body: EventBody): void {
    if (this.#exchange !== "there") this.#prepare();
    else if (this.#parts.transport.state === "open") this.#publish([this.#stamp(body)]);
  }

  /** Hands what waits to the transport, which lets it finish when it is closed; what it cannot take is dropped. */
  async flush(): Promise<void> {
    this.#flush(Number.POSITIVE_INFINITY);
    if (this.#exchange === "asked") await this.#answered();
    this.#flush(Number.POSITIVE_INFINITY);
    if (this.#line.length > 0) this.#drop(this.#line.splice(0).length, "the broker is away and this process stops");
  }

  /** Takes no more, after `flush`. Safe to call twice. */
  close(): void {
    this.#isClosed = true;
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#unwatch();
  }

  #stamp(body: EventBody): CeleryEvent {
    const { clock, ticks, hostname, pid } = this.#parts;
    const now = clock.now();
    const utcoffset = Math.floor(new Date(now).getTimezoneOffset() / 60);
    return { ...body, hostname, utcoffset, pid, clock: ticks.forward(), timestamp: now / 1000 };
  }

  #flush(limit = maxInFlight): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    if (this.#line.length === 0) return;
    if (this.#exchange !== "there") this.#prepare();
    while (this.#line.length > 0 && this.#canSend(limit)) this.#publish(this.#line.splice(0, parcelSize(this.#line)));
  }

  #canSend(limit: number): boolean {
    return this.#exchange === "there" && this.#parts.transport.state === "open" && this.#inFlight < limit;
  }

  /** One alone, or a batch of task events. Nobody waits for the confirm; it only makes room for the next. */
  #publish(events: readonly CeleryEvent[]): void {
    const parcel = this.#encode(events);
    if (parcel === null) return;
    this.#inFlight += 1;
    const options = { mandatory: false, timeoutMs: publishTimeoutMs, answerTimeoutMs };
    this.#parts.transport.publisher.publish(parcel.message, parcel.to, options).then(
      () => this.#onSent(),
      (error: unknown) => this.#onFailed(events, error),
    );
  }

  #encode(events: readonly CeleryEvent[]): { readonly message: WireMessage; readonly to: Address } | null {
    const { content, hostname } = this.#parts;
    const [first] = events;
    if (first === undefined) return null;
    try {
      return isBatched(first)
        ? { message: encodeEventBatch(events, hostname, content), to: batchAddress() }
        : { message: encodeEvent(first, content), to: eventAddress(first) };
    } catch (error) {
      this.#dropEvents(events, `it cannot be written: ${String(error)}`);
      return null;
    }
  }

  #onSent(): void {
    this.#inFlight -= 1;
    if (this.#droppedInARow > 0) {
      this.#parts.log.info("events are sent again", { dropped: this.#droppedInARow });
      this.#droppedInARow = 0;
    }
    if (!this.#isClosed) this.#flush();
  }

  /** One monitor's queue is out of reach with its node; all others have got it. */
  #onPartlySent(): void {
    if (!this.#isClosed) this.#flush();
  }

  #onFailed(events: readonly CeleryEvent[], error: unknown): void {
    this.#inFlight -= 1;
    const code = error instanceof CeleryError ? error.code : null;
    const isUnanswered = code === "publish-timeout" && this.#parts.transport.state === "open";
    if (code === "publish-nacked" || isUnanswered) return this.#onPartlySent();
    if (code === "not-found") this.#exchange = "unknown";
    if (code === "access-refused") this.#exchange = "refused";
    this.#dropEvents(events, error instanceof Error ? error.message : String(error));
    if (!this.#isClosed) this.#flush();
  }

  /** What a worker says of itself it says again soon. */
  #dropEvents(events: readonly CeleryEvent[], why: string): void {
    const count = events.filter(({ type }) => !type.startsWith("worker-")).length;
    if (count > 0) this.#drop(count, why);
  }

  /** One line for each time that events begin to be lost. */
  #drop(count: number, why: string): void {
    if (this.#droppedInARow === 0)
      this.#parts.log.warn(`events are dropped: ${why}`, { hostname: this.#parts.hostname });
    this.#dropped += count;
    this.#droppedInARow += count;
  }

  #onState(state: TransportState): void {
    if (state === "connecting") {
      this.#exchange = "unknown";
      this.#askAgainAt = 0;
    }
    if (state !== "open") return;
    if (this.#exchange === "there") this.#flush();
    else this.#prepare();
  }

  /** The exchange is there before anything is published to it: a missing one would cost the channel that all share. */
  #prepare(): void {
    const { transport, clock } = this.#parts;
    const now = clock.monotonicMs();
    if (this.#isClosed || this.#exchange !== "unknown" || transport.state !== "open" || now < this.#askAgainAt) return;
    this.#exchange = "asked";
    this.#askAgainAt = now + askAgainMs;
    this.#preparing = this.#declare().then(
      () => this.#onDeclared(),
      (error: unknown) => this.#onRefused(error),
    );
  }

  /** Who stops right after the start waits a little, or nobody would hear of it. */
  async #answered(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.setTimer(answerMs, resolve);
      void this.#preparing.then(() => {
        cancel();
        return resolve();
      });
    });
  }

  /** Who may not configure may still find it there. */
  async #declare(): Promise<void> {
    const topology = { exchanges: [eventExchange()], queues: [], bindings: [] };
    try {
      await this.#parts.transport.declare(topology);
    } catch (error) {
      if (!(error instanceof CeleryError) || error.code !== "access-refused") throw error;
      await this.#parts.transport.declare(topology, "passive");
    }
  }

  #onDeclared(): void {
    if (this.#isClosed || this.#exchange !== "asked") return;
    this.#exchange = "there";
    this.#parts.onReady?.();
    this.#flush();
  }

  #onRefused(error: unknown): void {
    if (this.#isClosed || this.#exchange !== "asked") return;
    const isFinal = error instanceof CeleryError && finalCodes.has(error.code);
    this.#exchange = isFinal ? "refused" : "unknown";
    const reason = error instanceof Error ? error.message : String(error);
    if (isFinal) this.#parts.log.warn("no events are sent: their exchange cannot be had", { reason });
  }
}

/** Celery's worker flushes at so many. */
const batchSize = 24;

/** Messages on their way at once: where the broker is slower than that, the rest waits here and not among tasks. */
const maxInFlight = 32;

const publishTimeoutMs = 10_000;

/** Silence for one monitor's queue holds up no events for the others. */
const answerTimeoutMs = 1_000;
const askAgainMs = 5_000;
const answerMs = 1_000;

/** Asking again on the same connection is of no use. */
const finalCodes: ReadonlySet<string> = new Set(["access-refused", "not-found", "queue-mismatch"]);

/** Workers batch what happens to tasks; all else goes alone, also what a publisher says. */
function isBatched({ type }: CeleryEvent): boolean {
  return type.startsWith("task-") && type !== "task-sent";
}

/** How many at the head of the line travel together. */
function parcelSize(line: readonly CeleryEvent[]): number {
  const most = Math.min(line.length, batchSize);
  let size = 0;
  for (; size < most; size += 1) {
    const event = line[size];
    if (event === undefined || !isBatched(event)) break;
  }
  return Math.max(size, 1);
}
