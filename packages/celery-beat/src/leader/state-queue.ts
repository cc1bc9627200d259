import {
  CeleryError,
  type Clock,
  type Delivery,
  PublishTimeoutError,
  type Subscription,
  type Transport,
} from "@leveret/celery-amqp";
import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { QueueTopology } from "@leveret/celery-protocol/routing";
import {
  type BeatState,
  covers,
  decodeState,
  encodeState,
  isBelieved,
  mergeStates,
  withState,
} from "../rules/beat-state.ts";
import { type Held, isSpare } from "../rules/held.ts";
import { isOverWithin } from "../system/deadline.ts";

/**
 * The queue that stores a beat's state and elects the leader: RabbitMQ delivers to a single active consumer, which
 * keeps the state unacked while it leads. A quorum queue; it must outlive every beat.
 */
export function stateQueue(name: string): QueueTopology {
  const queue = `${name}.beat`;
  const args = { "x-queue-type": "quorum", "x-single-active-consumer": true };
  const declaration = { name: queue, durable: true, autoDelete: false, exclusive: false, arguments: args };
  return { queue, exchanges: [], queues: [declaration], bindings: [] };
}

/** Callbacks and dependencies of the state queue. */
export interface StateQueueParts {
  readonly transport: Transport;
  readonly topology: QueueTopology;
  readonly clock: Clock;
  readonly uuid: () => string;
  /** Removes outdated entries from the state. */
  readonly trim: (state: BeatState) => BeatState;
  /** Called with entries whose times are invalid; null: a message is not a state. */
  readonly onRefused: (entries: readonly string[] | null) => void;
  /** Called with the first state: this beat is the active consumer. */
  readonly onState: () => void;
  /** Called for a message with unreadable headers, which is ignored. */
  readonly onUnreadable: (reason: string) => void;
  /** Called when it is no longer the active consumer; its messages are another's. */
  readonly onLost: (reason: Error) => void;
  /** Called when it consumes again, without leading. */
  readonly onRestored: () => void;
}

/** One leadership: publishes only for as long as it lasts. */
export interface Lease {
  readonly publish: (message: WireMessage, to: Address) => Promise<void>;
}

/** How long the broker may take to confirm a state. */
const patienceMs = 30_000;
/** Age after which a state is published again: RabbitMQ requeues a delivery that is unacked for half an hour. */
const renewMs = 600_000;

/** Attempts at publishing the first state to a queue that refuses it, and the pause between them. */
const seedAttempts = 20;
const seedAgainMs = 500;

/**
 * One beat's side of the state queue. There is always a message in the queue: the next state is confirmed before the
 * last one is acked, and several are merged. A leader publishes on the channel that consumes the state: the broker has
 * its messages, or never will, before it serves another beat.
 */
export class StateQueue {
  readonly #parts: StateQueueParts;
  readonly #held = new Map<Delivery, Held>();
  /** Ids of own ticks that are unconfirmed, or refused by one of their two queues. */
  readonly #unsure = new Set<string>();
  readonly #refused = new Set<string>();
  /** Own states that are awaited. */
  readonly #awaited = new Map<string, PromiseWithResolvers<void>>();
  #subscription: Subscription | null = null;
  #lease: Lease | null = null;
  #state: BeatState = new Map();
  /** The confirmed state in the queue. */
  #saved: Held | null = null;
  #savedAt = 0;
  #savingId: string | null = null;

  constructor(parts: StateQueueParts) {
    this.#parts = parts;
  }

  /** The received states and the noted times, merged. */
  get state(): BeatState {
    return this.#state;
  }

  /** The current leadership; null while another beat leads. */
  get lease(): Lease | null {
    return this.#lease;
  }

  /**
   * Starts consuming. An empty queue gets an empty state, without which no beat could lead; an extra one does no harm.
   */
  async enter(): Promise<void> {
    const { transport, topology, onLost, onRestored } = this.#parts;
    await transport.declare(topology);
    await this.seed();
    this.#subscription = await transport.subscribe(
      {
        queue: topology.queue,
        topology,
        prefetch: 0, // a new leader has to see the last message, however many there are before it
        publishes: true,
        onLost: (reason) => {
          this.#forget(reason);
          onLost(reason);
        },
        onRestored,
      },
      (delivery) => this.#onDelivery(delivery),
    );
  }

  /** Publishes an empty state to a queue without messages: the queue may be new, or was deleted and declared again. */
  async seed(): Promise<void> {
    const { transport, topology, uuid, clock } = this.#parts;
    const info = await transport.inspectQueue(topology.queue);
    if (info?.messageCount !== 0) return;
    const empty = encodeState(new Map(), uuid());
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await transport.publisher.publish(empty, this.#address);
      } catch (error) {
        // A quorum queue that elects its first leader refuses messages (RabbitMQ 3.10).
        const isElecting = error instanceof CeleryError && error.code === "publish-nacked";
        if (!isElecting || attempt === seedAttempts) throw error;
        await new Promise<void>((resolve) => void clock.setTimer(seedAgainMs, resolve));
      }
    }
  }

  /**
   * Resolves when all states of earlier leaders have come: an own message comes after all earlier ones. Done twice,
   * since a quorum queue may delay the last messages of a closed channel until it has noticed the close (rabbit_fifo,
   * messages of an enqueuer that is down).
   */
  async gather(): Promise<void> {
    for (let round = 0; round < 2; round += 1) {
      const id = this.#parts.uuid();
      const come = Promise.withResolvers<void>();
      this.#awaited.set(id, come);
      try {
        await this.#within(Promise.all([this.#write(id), come.promise]));
      } finally {
        this.#awaited.delete(id);
      }
    }
  }

  /** Records the time of an entry; the next `save` publishes it. */
  note(entry: string, time: number): void {
    this.#state = mergeStates(this.#state, new Map([[entry, time]]));
  }

  /** Drops times that are in the future after the clock was set back; the next state is saved without them. */
  doubt(): void {
    const now = this.#parts.clock.now();
    const isTrue = ([, time]: readonly [string, number]): boolean => isBelieved(time, now);
    const refused = [...this.#state].filter((pair) => !isTrue(pair)).map(([name]) => name);
    if (refused.length === 0) return;
    this.#parts.onRefused(refused);
    this.#state = new Map([...this.#state].filter(isTrue));
    this.#saved = null;
    for (const [delivery, held] of this.#held)
      this.#held.set(delivery, { ...held, state: new Map([...held.state].filter(isTrue)) });
  }

  /** Saves a changed state: confirmed before the state that it replaces is acked. Rejects as a publish does. */
  async save(): Promise<void> {
    const isNew = this.#saved === null || !covers(this.#saved.state, this.#state);
    const isOld = this.#parts.clock.monotonicMs() - this.#savedAt >= renewMs;
    if (isNew || isOld) await this.#within(this.#write(this.#parts.uuid()));
  }

  /** Sends a tick and saves its time, by one publish. Rejects as `Delivery.publish` does. */
  async publishTick(lease: Lease, message: WireMessage, to: Address, tick: readonly [string, number]): Promise<void> {
    const id = this.#parts.uuid();
    const both = withState(message, this.#parts.topology.queue, new Map([tick]), id);
    this.#unsure.add(id);
    try {
      await this.#publish(lease, both, to);
      this.note(...tick);
    } catch (error) {
      // Refused by the task's queue: the state queue may have it, and a later leader must not read it as sent.
      if (error instanceof CeleryError && error.code === "publish-nacked" && lease === this.#lease) this.#refuse(id);
      throw error;
    } finally {
      this.#unsure.delete(id);
    }
  }

  /** Stops consuming; unacked states go to the next beat at once. */
  async leave(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = null;
    if (subscription === null) return;
    await subscription.cancel({ giveBack: true });
    this.#forget(new CeleryError("closed", "The beat was stopped."));
  }

  get #address(): Address {
    return { exchange: "", routingKey: this.#parts.topology.queue };
  }

  async #write(id: string): Promise<void> {
    const lease = this.#lease;
    if (lease === null) throw notLeading();
    const next = { id, state: this.#parts.trim(this.#state) };
    this.#savingId = id;
    await this.#publish(lease, encodeState(next.state, id), this.#address);
    if (lease !== this.#lease || id !== this.#savingId) return;
    this.#saved = next;
    this.#savedAt = this.#parts.clock.monotonicMs();
    for (const [delivery, held] of this.#held) this.#ackIfSpare(delivery, held);
  }

  async #publish(lease: Lease, message: WireMessage, to: Address): Promise<void> {
    if (lease !== this.#lease) throw notLeading();
    await lease.publish(message, to);
  }

  async #within(work: Promise<unknown>): Promise<void> {
    if (!(await isOverWithin(this.#parts.clock, patienceMs, work)))
      throw new PublishTimeoutError(patienceMs, "no answer", "unknown");
    await work;
  }

  #onDelivery(delivery: Delivery): void {
    const held = this.#read(delivery);
    this.#lease ??= { publish: (message, to) => delivery.publish(message, to) };
    this.#held.set(delivery, held);
    if (held.id !== null) this.#awaited.get(held.id)?.resolve();
    if (held.id !== null && this.#refused.delete(held.id)) this.#ack(delivery);
    else if (held.id === null || !this.#unsure.has(held.id)) this.#take(delivery, held);
    this.#parts.onState();
  }

  #read({ message, unreadable }: Delivery): Held {
    if (unreadable !== null) {
      this.#parts.onUnreadable(unreadable);
      return { id: null, state: new Map() };
    }
    const { refused, ...held } = decodeState(message, this.#parts.clock.now());
    if (refused === null || refused.length > 0) this.#parts.onRefused(refused);
    return held;
  }

  #take(delivery: Delivery, held: Held): void {
    this.#state = mergeStates(this.#state, held.state);
    this.#ackIfSpare(delivery, held);
  }

  #refuse(id: string): void {
    const known = [...this.#held].find(([, held]) => held.id === id);
    if (known === undefined) this.#refused.add(id);
    else this.#ack(known[0]);
  }

  #ackIfSpare(delivery: Delivery, held: Held): void {
    if (isSpare(held, { saved: this.#saved, savingId: this.#savingId })) this.#ack(delivery);
  }

  #ack(delivery: Delivery): void {
    this.#held.delete(delivery);
    delivery.ack();
  }

  /** Keeps the state, which is still true; the messages are the next leader's. */
  #forget(reason: Error): void {
    this.#lease = null;
    this.#saved = null;
    this.#savingId = null;
    this.#held.clear();
    this.#unsure.clear();
    this.#refused.clear();
    for (const { reject } of this.#awaited.values()) reject(reason);
  }
}

function notLeading(): CeleryError {
  return new CeleryError("connection-lost", "This beat no longer leads. The next leader sends the tick.");
}
