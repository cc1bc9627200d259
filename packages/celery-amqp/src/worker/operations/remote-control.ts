import type { Content } from "@leveret/celery-protocol";
import type { Broadcaster } from "../../control/broadcaster.ts";
import type { Ids } from "../../ports/clock.ts";
import type { Transport } from "../../ports/transport.ts";
import type { Allowance } from "../control/allowance.ts";
import { createPanel } from "../control/panel.ts";
import { Gossip } from "../control/gossip.ts";
import { Mailbox } from "../control/mailbox.ts";
import { mingle } from "../control/mingle.ts";
import { Controlled, type ControlledParts } from "./controlled.ts";

/** What remote control is made of. */
export interface RemoteControlParts extends Omit<ControlledParts, "maxConcurrency" | "defaultSerializer"> {
  readonly transport: Transport;
  readonly content: Content;
  readonly ids: Ids;
  readonly broadcaster: Broadcaster;
  readonly allowance: Allowance;
}

/** Remote control of a worker, and what workers exchange with each other: commands, hello, elections. */
export class RemoteControl {
  readonly #parts: RemoteControlParts;
  readonly #controlled: Controlled;
  readonly #mailbox: Mailbox;
  readonly #gossip: Gossip | null;

  constructor(parts: RemoteControlParts) {
    const { allowance, options, content, controls, announcer } = parts;
    const { maxConcurrency } = allowance;
    const { defaultSerializer } = content;
    const worker = new Controlled({ ...parts, maxConcurrency, defaultSerializer });
    const panel = createPanel(options.commands, controls, allowance);
    this.#parts = parts;
    this.#controlled = worker;
    this.#mailbox = new Mailbox({ ...parts, panel, worker });
    this.#gossip = announcer && new Gossip({ ...parts, worker });
  }

  /** Resolves when commands come, or cannot yet; the other workers are asked meanwhile. */
  async start(stop: () => void): Promise<void> {
    this.#controlled.start(stop);
    const { broadcaster, log } = this.#parts;
    await Promise.all([this.#mailbox.start(), this.#gossip?.start()]);
    void mingle(this.#controlled, broadcaster, log);
  }

  /** The queues are consumed: requests are answered from now on. */
  open(): void {
    this.#mailbox.open();
  }

  /** Receives no more messages. Safe to call twice. */
  stop(): void {
    this.#gossip?.stop();
    this.#mailbox.stop();
  }
}
