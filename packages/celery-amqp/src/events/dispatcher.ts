import type { Address, Content, WireMessage } from "@leveret/celery-protocol";
import {
  batchAddress,
  encodeEvent,
  encodeEventBatch,
  type CeleryEvent,
  eventAddress,
  type EventBody,
} from "@leveret/celery-protocol/events";
import { eventExchange } from "@leveret/celery-protocol/routing";
import type { Clock } from "../ports/clock.ts";
import { CeleryError } from "../ports/errors.ts";
import type { Logger } from "../ports/logger.ts";
import type { Transport, TransportState } from "../ports/transport.ts";
import type { LogicalClock } from "./logical-clock.ts";

/** The dependencies of an event dispatcher. */
export interface DispatcherParts {
  readonly transport: Transport;
  readonly content: Content;
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly logger: Logger;
  /** Node name of this process. */
  readonly hostname: string;
  readonly pid: number;
  /** Called each time events can be sent (again): at first, and after every loss of the connection. */
  readonly onReady?: () => void;
  /** Events kept while they cannot be sent; beyond this number the oldest are dropped. Default 5 000. */
  readonly lineLimit?: number;
}

/**
 * Sends events to monitors without ever delaying tasks: an event that cannot be sent now waits in a bounded queue;
 * events beyond the limit are dropped and counted. Task events of a worker are sent in batches, at the next turn of the
 * event loop or when there are 24. Source: celery/events/dispatcher.py; celery/worker/consumer/events.py.
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

  /** Dropped events since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Declares the exchange, so that the first event does not wait for it. */
  start(): void {
    this.#prepare();
  }

  /** Sends an event soon, or later where the connection is lost. */
  send(body: EventBody): void {
    if (this.#isClosed) return;
    const size = this.#line.push(this.#stamp(body));
    if (size > this.#lineLimit) {
      this.#line.shift();
      this.#drop(1, "too many could not be sent");
    }
    if (size >= batchSize) this.#flush();
    else this.#cancelFlush ??= this.#parts.clock.setTimer(0, () => this.#flush());
  }

  /** Sends an event, and those waiting before it, ahead of all later publishes of this process. */
  sendAhead(body: EventBody): void {
    this.send(body);
    this.#flush();
  }

  /** Sends an event now or drops it: its facts are soon outdated. */
  report(body: EventBody): void {
    if (this.#exchange !== "there") this.#prepare();
    else if (this.#parts.transport.state === "open") this.#publish([this.#stamp(body)]);
  }

  /**
   * Passes waiting events to the transport, which finishes them when it is closed; events that it refuses are dropped.
   */
  async flush(): Promise<void> {
    this.#flush(Number.POSITIVE_INFINITY);
    if (this.#exchange === "asked") await this.#answered();
    this.#flush(Number.POSITIVE_INFINITY);
    if (this.#line.length > 0) this.#drop(this.#line.splice(0).length, "no connection, and this process stops");
  }

  /** Refuses events from now on; call `flush` first. May be called twice. */
  close(): void {
    this.#isClosed = true;
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#unwatch();
  }

  #stamp(body: EventBody): CeleryEvent {
    const { clock, logicalClock, hostname, pid } = this.#parts;
    const now = clock.now();
    const utcoffset = Math.floor(new Date(now).getTimezoneOffset() / 60);
    return { ...body, hostname, utcoffset, pid, clock: logicalClock.forward(), timestamp: now / 1000 };
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

  /** Publishes a single event, or a batch of task events. The confirm only frees capacity for the next. */
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
      this.#parts.logger.info("events are sent again", { dropped: this.#droppedInARow });
      this.#droppedInARow = 0;
    }
    if (!this.#isClosed) this.#flush();
  }

  /** One monitor's queue is unavailable; all other monitors have got the event. */
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

  /** Worker events are repeated soon, so their loss does not count. */
  #dropEvents(events: readonly CeleryEvent[], why: string): void {
    const count = events.filter(({ type }) => !type.startsWith("worker-")).length;
    if (count > 0) this.#drop(count, why);
  }

  /** Logs one line each time that events begin to be lost. */
  #drop(count: number, why: string): void {
    if (this.#droppedInARow === 0)
      this.#parts.logger.warn("events are dropped", { hostname: this.#parts.hostname, reason: why });
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

  /**
   * The exchange is declared before the first publish: a missing one would close the channel that all publishes share.
   */
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

  /** A process that stops right after its start waits a little, so that its events are sent. */
  async #answered(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.setTimer(answerMs, resolve);
      void this.#preparing.then(() => {
        cancel();
        return resolve();
      });
    });
  }

  /** Without the permission to declare, the existing exchange is used. */
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
    if (isFinal) this.#parts.logger.warn("no events are sent, their exchange cannot be declared", { reason });
  }
}

/** Celery's worker flushes at this number. */
const batchSize = 24;

/** Most unconfirmed messages: with a slow broker the rest wait here, not among tasks. */
const maxInFlight = 32;

const publishTimeoutMs = 10_000;

/** A queue of one monitor that confirms nothing delays no events of the others. */
const answerTimeoutMs = 1_000;
const askAgainMs = 5_000;
const answerMs = 1_000;

/** A retry on the same connection cannot succeed. */
const finalCodes: ReadonlySet<string> = new Set(["access-refused", "not-found", "queue-mismatch"]);

/** Workers batch task events; all other events are sent alone, also `task-sent` of a client. */
function isBatched({ type }: CeleryEvent): boolean {
  return type.startsWith("task-") && type !== "task-sent";
}

/** Number of events at the head of the queue that share a message. */
function parcelSize(line: readonly CeleryEvent[]): number {
  const most = Math.min(line.length, batchSize);
  let size = 0;
  for (; size < most; size += 1) {
    const event = line[size];
    if (event === undefined || !isBatched(event)) break;
  }
  return Math.max(size, 1);
}
