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
  #isClosing = false;

  constructor(link: Link, channel: ConfirmChannel) {
    this.link = link;
    this.channel = channel;
    this.ended = endOf(channel, link);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Ends the channel, to be opened anew. Safe to call twice: amqplib takes a second close for a fault of the connection. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    void this.link.request("close a channel", () => this.channel.close()).catch(() => {});
  }
}
