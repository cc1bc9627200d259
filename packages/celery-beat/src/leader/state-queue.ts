import type { Delivery, Subscription, Transport } from "@leveret/celery-amqp";
import type { QueueTopology } from "@leveret/celery-protocol";
import { type BeatState, covers, decodeState, encodeState, mergeStates } from "../rules/beat-state.ts";

/**
 * The queue that keeps a beat's state and makes one beat the leader: RabbitMQ delivers to a single active consumer, which
 * holds the state unacked while it leads. Replicated; it must outlive every beat.
 */
export function stateQueue(name: string): QueueTopology {
  const queue = `${name}.beat`;
  const args = { "x-queue-type": "quorum", "x-single-active-consumer": true };
  const declaration = { name: queue, durable: true, autoDelete: false, exclusive: false, arguments: args };
  return { queue, exchanges: [], queues: [declaration], bindings: [] };
}

/** What the state queue tells. */
export interface StateQueueParts {
  readonly transport: Transport;
  readonly topology: QueueTopology;
  readonly uuid: () => string;
  /** The state without what nobody needs any more. */
  readonly trim: (state: BeatState) => BeatState;
  /** A state has come: this beat is the active consumer. */
  readonly onState: () => void;
  /** It is no longer; what it held is another's. */
  readonly onLost: (reason: Error) => void;
  /** It stands in line again, and does not lead. */
  readonly onRestored: () => void;
}

interface Saved {
  readonly id: string;
  readonly state: BeatState;
}

/** State messages that are held at most at a time; there are more than one only after a crash or a start. */
const prefetch = 10;

/**
 * One beat's side of the state queue. There is always a message in the queue: the next state is confirmed before the last one
 * is acked, and where several are, they are merged. So a beat that dies at any point leaves at least what it last saved.
 */
export class StateQueue {
  readonly #parts: StateQueueParts;
  readonly #held = new Map<Delivery, string | null>();
  #subscription: Subscription | null = null;
  #state: BeatState = new Map();
  /** What is confirmed to be in the queue. */
  #saved: Saved | null = null;
  /** On its way there: what it replaces goes when it is confirmed, so it must not go before. */
  #savingId: string | null = null;

  constructor(parts: StateQueueParts) {
    this.#parts = parts;
  }

  /** What has come, merged. */
  get state(): BeatState {
    return this.#state;
  }

  /** Stands in line. An empty queue is given an empty state, without which nobody could lead; one too many does no harm. */
  async enter(): Promise<void> {
    const { transport, topology, onLost, onRestored } = this.#parts;
    await transport.declare(topology);
    await this.seed();
    this.#subscription = await transport.subscribe(
      {
        queue: topology.queue,
        topology,
        prefetch,
        onLost: (reason) => {
          this.#forget();
          onLost(reason);
        },
        onRestored,
      },
      (delivery) => this.#onDelivery(delivery),
    );
  }

  /** Puts an empty state where none waits: the queue may be new, or was deleted and made again. */
  async seed(): Promise<void> {
    const { transport, topology, uuid } = this.#parts;
    const info = await transport.inspectQueue(topology.queue);
    if (info?.messageCount === 0) await this.#publish(new Map(), uuid());
  }

  /** Resolves when no state is left in the queue that has not come here. */
  async isComplete(): Promise<boolean> {
    const info = await this.#parts.transport.inspectQueue(this.#parts.topology.queue);
    return info?.messageCount === 0;
  }

  /** Saves a state: confirmed before what it replaces is acked. Rejects as a publish does; the old one is kept then. */
  async save(state: BeatState): Promise<void> {
    const id = this.#parts.uuid();
    const replaced = [...this.#held.keys()];
    this.#state = this.#parts.trim(mergeStates(this.#state, state));
    const saved = { id, state: this.#state };
    this.#savingId = id;
    await this.#publish(saved.state, id);
    this.#saved = saved;
    for (const delivery of replaced) this.#ack(delivery);
  }

  /** Leaves the line; what is held goes to the next beat at once. */
  async leave(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = null;
    if (subscription === null) return;
    await subscription.cancel();
    for (const delivery of this.#held.keys()) delivery.reject({ requeue: true, isCounted: false });
    this.#forget();
    await subscription.drained;
  }

  #onDelivery(delivery: Delivery): void {
    const { id, state } = decodeState(delivery.message);
    this.#held.set(delivery, id);
    this.#state = mergeStates(this.#state, state);
    if (id !== this.#savingId && this.#isSaid(id, state)) this.#ack(delivery);
    this.#parts.onState();
  }

  /** Whether the saved state, which is held here, says all of another: of a seed, or of a copy that a crash left. */
  #isSaid(id: string | null, state: BeatState): boolean {
    const saved = this.#saved;
    if (saved === null || id === saved.id || !covers(saved.state, state)) return false;
    return [...this.#held.values()].includes(saved.id);
  }

  #ack(delivery: Delivery): void {
    this.#held.delete(delivery);
    delivery.ack();
  }

  /** The state stays in mind, being true; the messages are the next leader's. */
  #forget(): void {
    this.#held.clear();
    this.#saved = null;
    this.#savingId = null;
  }

  #publish(state: BeatState, id: string): Promise<void> {
    const { transport, topology } = this.#parts;
    return transport.publisher.publish(encodeState(state, id), { exchange: "", routingKey: topology.queue });
  }
}
