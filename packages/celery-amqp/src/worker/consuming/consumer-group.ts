import type { Subscription } from "../../ports/transport.ts";

/** What subscribes the consumers of a group. */
export interface ConsumerGroupParts {
  /** Subscribes a consumer with a prefetch. Rejects with the error of the broker. */
  readonly subscribe: (prefetch: number) => Promise<Subscription>;
  /** The queue has a single active consumer: a second consumer would get no messages. */
  readonly isSingleActive: boolean;
}

interface Member {
  readonly prefetch: number;
  readonly subscription: Subscription;
}

/**
 * Consumers of one queue with a common prefetch, which can change while they consume. A consumer's prefetch cannot change
 * (RabbitMQ issue 11948), so growing adds a consumer and shrinking cancels some; messages already delivered stay with the
 * cancelled consumer until settled.
 */
export class ConsumerGroup {
  readonly #parts: ConsumerGroupParts;
  #members: readonly Member[] = [];
  #target = 0;
  #following: Promise<void> | null = null;
  #draining: Promise<void> | null = null;
  #isCancelled = false;
  #isQuiet = false;

  constructor(parts: ConsumerGroupParts) {
    this.#parts = parts;
  }

  /** Also where it takes nothing for a while. */
  get isConsuming(): boolean {
    return (
      this.#isQuiet || (this.#members.length > 0 && this.#members.every(({ subscription }) => subscription.isConsuming))
    );
  }

  /** Messages that its consumers may hold. */
  get prefetch(): number {
    return this.#members.reduce((sum, { prefetch }) => sum + prefetch, 0);
  }

  /** Begins. Rejects with what the broker answers. */
  async open(prefetch: number): Promise<void> {
    this.#target = prefetch;
    await this.#add(prefetch);
  }

  /**
   * Resolves when the consumers may hold so many; less comes later where consumers of an earlier change still have
   * messages, so that never more than two generations hold any. Rejects with what the broker answers.
   */
  resize(prefetch: number): Promise<void> {
    this.#target = prefetch;
    this.#following ??= this.#follow().finally(() => (this.#following = null));
    return this.#following;
  }

  /** Cancels the consumers until `wake`. Resolves when the deliveries in transit have arrived. */
  async quiet(): Promise<void> {
    this.#isQuiet = true;
    await this.#following?.catch(() => {});
    if (this.#isQuiet) await this.#retire(this.#members);
  }

  /** Takes deliveries again. Rejects with what the broker answers, and may be called once more then. */
  async wake(): Promise<void> {
    this.#isQuiet = false;
    await this.resize(this.#target);
  }

  /** Takes nothing more; what was delivered may still be settled. */
  async cancel(): Promise<void> {
    this.#isCancelled = true;
    await this.#retire(this.#members);
    await this.#following?.catch(() => {});
    await this.#retire(this.#members);
  }

  async #follow(): Promise<void> {
    while (!this.#isCancelled && !this.#isQuiet && this.prefetch !== this.#target) {
      const grows = this.prefetch < this.#target && (!this.#parts.isSingleActive || this.#members.length === 0);
      if (grows) await this.#add(this.#target - this.prefetch);
      else if (this.#draining === null) await this.#shrink();
      else return;
    }
  }

  async #shrink(): Promise<void> {
    const leaving: Member[] = [];
    const { isSingleActive } = this.#parts;
    let prefetch = this.prefetch;
    for (const member of this.#members.toReversed()) {
      if (prefetch <= this.#target && !isSingleActive) break;
      leaving.push(member);
      prefetch -= member.prefetch;
    }
    this.#draining = Promise.all(leaving.map(({ subscription }) => subscription.drained)).then(() => this.#onDrained());
    await this.#retire(leaving);
  }

  /** Continues a change that had to wait. */
  #onDrained(): void {
    this.#draining = null;
    if (!this.#isCancelled && this.prefetch !== this.#target) this.resize(this.#target).catch(() => {});
  }

  async #add(prefetch: number): Promise<void> {
    const member = { prefetch, subscription: await this.#parts.subscribe(prefetch) };
    this.#members = [...this.#members, member];
    if (this.#isCancelled) await this.#retire([member]);
  }

  async #retire(leaving: readonly Member[]): Promise<void> {
    this.#members = this.#members.filter((member) => !leaving.includes(member));
    await Promise.all(leaving.map(({ subscription }) => subscription.cancel()));
  }
}
