import type { Address, WireMessage } from "@leveret/celery-protocol";
import type { ConsumeMessage } from "amqplib";
import type { Delivery, RejectOptions } from "../ports/transport.ts";
import { fromEnvelope } from "./envelope.ts";
import { contentHeaderOf } from "./guard.ts";

/** Settling of a delivery, by the channel that delivered it. */
export interface Settling {
  readonly queue: string;
  ack(tag: number): boolean;
  reject(tag: number, requeue: boolean, isCounted?: boolean): boolean;
  publish(message: WireMessage, to: Address): Promise<void>;
  sync(): Promise<boolean>;
}

/** A delivered message that can be settled, only on the channel that delivered it. */
export class AmqpDelivery implements Delivery {
  readonly message: WireMessage;
  readonly address: Address;
  readonly redelivered: boolean;
  readonly unreadable: string | null;
  readonly #tag: number;
  readonly #session: Settling;

  constructor(message: ConsumeMessage, session: Settling) {
    const { fields } = message;
    this.message = fromEnvelope(message);
    this.address = { exchange: fields.exchange, routingKey: fields.routingKey };
    this.redelivered = fields.redelivered;
    this.unreadable = contentHeaderOf(message).unreadable;
    this.#tag = fields.deliveryTag;
    this.#session = session;
  }

  get queue(): string {
    return this.#session.queue;
  }

  get deliveryCount(): number | null {
    const count = this.message.headers["x-delivery-count"];
    return typeof count === "number" ? count : null;
  }

  ack(): boolean {
    return this.#session.ack(this.#tag);
  }

  reject({ requeue, isCounted = true }: RejectOptions): boolean {
    return this.#session.reject(this.#tag, requeue, isCounted);
  }

  publish(message: WireMessage, to: Address): Promise<void> {
    return this.#session.publish(message, to);
  }

  sync(): Promise<boolean> {
    return this.#session.sync();
  }
}
