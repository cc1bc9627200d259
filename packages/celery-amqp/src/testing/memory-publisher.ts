import type { Address, WireMessage } from "@leveret/celery-protocol";
import { CeleryError, PublishTimeoutError } from "../ports/errors.ts";
import type { Publisher, PublishOptions, TransportState } from "../ports/transport.ts";
import type { MemoryBroker } from "./memory-broker.ts";

interface Sending {
  readonly message: WireMessage;
  readonly address: Address;
  readonly mandatory: boolean;
  readonly resend: boolean;
  readonly settle: (error: unknown) => void;
}

/** Hands messages to the memory broker in the order of the calls; what is not confirmed when a connection goes is sent again. */
export class MemoryPublisher implements Publisher {
  readonly #broker: MemoryBroker;
  readonly #timeoutMs: number;
  readonly #state: () => TransportState;
  readonly #unconfirmed = new Set<Sending>();
  #waiting: Sending[] = [];
  #closed = false;
  #onEmpty: () => void = () => {};

  constructor(broker: MemoryBroker, timeoutMs: number, state: () => TransportState) {
    this.#broker = broker;
    this.#timeoutMs = timeoutMs;
    this.#state = state;
  }

  publish(message: WireMessage, to: Address, options: PublishOptions = {}): Promise<void> {
    if (this.#closed) return Promise.reject(new CeleryError("closed", "The transport is closed. Create a new one."));
    return new Promise((resolve, reject) => {
      const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
      const stopTimer = this.#broker.clock.setTimer(timeoutMs, () => this.#expire(sending, timeoutMs));
      const sending: Sending = {
        message,
        address: to,
        mandatory: options.mandatory ?? true,
        resend: options.resend ?? true,
        settle: (error) => {
          stopTimer();
          this.#unconfirmed.delete(sending);
          if (error === undefined) resolve();
          else reject(error);
          if (this.#isEmpty) this.#onEmpty();
        },
      };
      this.#waiting.push(sending);
      if (this.#waiting.length === 1) queueMicrotask(() => this.flush());
    });
  }

  /** Sends what waits, if the broker takes it now. */
  flush(): void {
    if (this.#state() !== "open" && !(this.#state() === "closing" && this.#broker.isUp)) return;
    for (const sending of this.#waiting.splice(0)) this.#send(sending);
  }

  /** Sends again what was in flight, before what waits. */
  onReconnected(): void {
    const again = [...this.#unconfirmed].filter((sending) => sending.resend);
    for (const sending of this.#unconfirmed) if (!sending.resend) sending.settle(interrupted());
    this.#waiting = [...again, ...this.#waiting];
    this.#unconfirmed.clear();
    this.flush();
  }

  /** Lets what is in flight finish, where the broker can still confirm it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.flush();
    const isHopeless = !this.#broker.isUp || this.#broker.isBlocked;
    if (!isHopeless && !this.#isEmpty) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const sending of [...this.#unconfirmed, ...this.#waiting.splice(0)]) {
      sending.settle(new CeleryError("closed", "The transport was closed before the broker confirmed the message"));
    }
  }

  get #isEmpty(): boolean {
    return this.#unconfirmed.size === 0 && this.#waiting.length === 0;
  }

  #send(sending: Sending): void {
    this.#unconfirmed.add(sending);
    try {
      this.#broker.publish(sending.message, sending.address, sending.mandatory, () => sending.settle(undefined));
    } catch (error) {
      sending.settle(error);
    }
  }

  #expire(sending: Sending, timeoutMs: number): void {
    const outcome = this.#unconfirmed.has(sending) ? "unknown" : "not-sent";
    const reason = this.#broker.isBlocked ? "the broker is blocked" : "no connection";
    this.#waiting = this.#waiting.filter((other) => other !== sending);
    sending.settle(new PublishTimeoutError(timeoutMs, reason, outcome));
  }
}

function interrupted(): CeleryError {
  return new CeleryError("connection-lost", "The connection was lost before the broker confirmed the message");
}
