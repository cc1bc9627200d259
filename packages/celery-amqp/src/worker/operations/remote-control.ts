import type { Allowance } from "../control/allowance.ts";
import { createPanel, type CommandedWorker } from "../control/panel.ts";
import { Gossip } from "../control/gossip.ts";
import { Mailbox } from "../control/mailbox.ts";
import { mingle } from "../control/mingle.ts";
import { Controlled, type ControlledParts } from "./controlled.ts";
import type { TaskEvent } from "../rules/event.ts";

/** What remote control is made of. */
export interface RemoteControlParts extends Omit<ControlledParts, "total" | "maxConcurrency"> {
  readonly allowance: Allowance;
  /** What commands of the user's are given. */
  readonly commanded: CommandedWorker;
}

/** Everything by which other programs steer a worker, and workers know each other: commands, hello, elections. */
export class RemoteControl {
  readonly #parts: RemoteControlParts;
  readonly #total = new Map<string, number>();
  readonly #controlled: Controlled;
  readonly #mailbox: Mailbox;
  readonly #gossip: Gossip | null;

  constructor(parts: RemoteControlParts) {
    const {
      allowance,
      worker: { options },
    } = parts;
    const worker = new Controlled({ ...parts, total: this.#total, maxConcurrency: allowance.maxConcurrency });
    const panel = createPanel(options.commands, parts.commanded, allowance);
    this.#parts = parts;
    this.#controlled = worker;
    this.#mailbox = new Mailbox({ ...parts.worker, panel, worker });
    this.#gossip = parts.announcer && new Gossip({ ...parts.worker, worker });
  }

  /** Resolves when commands come, or cannot yet; the other workers are asked meanwhile. */
  async start(): Promise<void> {
    const { broadcaster, log } = this.#parts.worker;
    await Promise.all([this.#mailbox.start(), this.#gossip?.start()]);
    void mingle(this.#controlled, broadcaster, log);
  }

  /** The queues are consumed: requests are answered from now on. */
  open(): void {
    this.#mailbox.open();
  }

  /** Counts what runs. */
  tell(event: TaskEvent): void {
    if (event.type !== "taskStarted") return;
    const { task } = event.task;
    this.#total.set(task, (this.#total.get(task) ?? 0) + 1);
  }

  /** Hears of nothing any more. Safe to call twice. */
  stop(): void {
    this.#gossip?.stop();
    this.#mailbox.stop();
  }
}
