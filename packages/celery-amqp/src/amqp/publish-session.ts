import type { ConfirmChannel } from "amqplib";
import type { Link } from "./link.ts";
import { endOf, type Session } from "./supervise.ts";

/** One confirm channel on one link. */
export class PublishSession implements Session {
  readonly link: Link;
  readonly channel: ConfirmChannel;
  readonly ended: Promise<Error>;
  /** No further message is written to it. It is closed when each message is confirmed or late; late ones go again. */
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
   * Ends the channel, to be opened anew. A channel that is stuck does not answer, and is left behind after `waitMs`. Safe to
   * call twice: amqplib takes a second close for a fault of the connection.
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
