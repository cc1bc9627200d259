import type { ConfirmChannel } from "amqplib";
import type { Link } from "./link.ts";
import { endOf, type Session } from "./supervise.ts";

/** One confirm channel on one link. */
export class PublishSession implements Session {
  readonly link: Link;
  readonly channel: ConfirmChannel;
  readonly ended: Promise<Error>;
  /** No further message is written to it. It is closed when each message is confirmed or late; late ones are resent. */
  isRetiring = false;
  /** The broker has confirmed or refused a message on it. */
  hasAnswered = false;
  readonly #isLeft = Promise.withResolvers<Error>();
  #isClosing = false;

  constructor(link: Link, channel: ConfirmChannel) {
    this.link = link;
    this.channel = channel;
    this.ended = Promise.race([endOf(channel, link), this.#isLeft.promise]);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /**
   * Closes the channel, so that a new one is opened. A stuck channel does not answer and is abandoned after `waitMs`.
   * May be called twice; amqplib treats a second close as a connection error.
   */
  close(waitMs: number = CLOSE_MS): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const closed = this.link.request("close a channel", () => this.channel.close(), { timeoutMs: waitMs });
    const leave = (): void => this.#isLeft.resolve(new Error("the channel did not answer"));
    void closed.then(leave, leave);
  }
}

/** How long a channel may take to close. */
const CLOSE_MS = 2_000;
