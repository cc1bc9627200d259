import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { Delivery, RejectOptions } from "../../ports/transport.ts";

/** The delivery of a suspect whose run begins, with a callback when it is settled. */
export class SuspectDelivery implements Delivery {
  readonly #delivery: Delivery;
  readonly #onSettled: () => void;
  readonly #pass: (() => void) | null;
  #isSettled = false;

  /**
   * `pass` publishes a message anew that goes back and was not run: back in its queue, a run that was counted would be taken
   * for a lost one. Null where none was counted.
   */
  constructor(delivery: Delivery, onSettled: () => void, pass: (() => void) | null) {
    this.#delivery = delivery;
    this.#onSettled = onSettled;
    this.#pass = pass;
  }

  get message(): WireMessage {
    return this.#delivery.message;
  }

  get address(): Address {
    return this.#delivery.address;
  }

  get queue(): string {
    return this.#delivery.queue;
  }

  get redelivered(): boolean {
    return this.#delivery.redelivered;
  }

  get unreadable(): string | null {
    return this.#delivery.unreadable;
  }

  get deliveryCount(): number | null {
    return this.#delivery.deliveryCount;
  }

  ack(): boolean {
    return this.#settled(this.#delivery.ack());
  }

  reject(options: RejectOptions): boolean {
    const { requeue, isCounted = true } = options;
    if (!requeue || isCounted || this.#pass === null || this.#isSettled)
      return this.#settled(this.#delivery.reject(options));
    this.#pass();
    return this.#settled(true);
  }

  publish(message: WireMessage, to: Address): Promise<void> {
    return this.#delivery.publish(message, to);
  }

  sync(): Promise<boolean> {
    return this.#delivery.sync();
  }

  #settled(wasSettled: boolean): boolean {
    if (!this.#isSettled) {
      this.#isSettled = true;
      this.#onSettled();
    }
    return wasSettled;
  }
}
