import type { ResultMeta } from "@leveret/celery-protocol";
import type { CeleryError } from "../../../ports/errors.ts";
import type { Logger, LogFields } from "../../../ports/logger.ts";
import { asFields } from "../../../ports/foreign.ts";
import { textOf } from "../../../ports/thrown.ts";
import type { ResultWatcher } from "../../../results/backend.ts";
import type { ChildChannel } from "./channel.ts";
import { pack, packLeniently, unpack } from "../pipe/serialization.ts";
import type { Question, ToChild } from "../pipe/messages.ts";

type Answer = Extract<ToChild, { readonly type: "answer" | "refusal" }>;
type Told = Extract<ToChild, { readonly type: "state" | "lost" }>;

interface Asked {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** What the runs in a child ask of their worker in the parent, and what it answers. */
export class ParentLink {
  readonly #channel: ChildChannel;
  readonly #maxBytes: () => number;
  readonly #asked = new Map<number, Asked>();
  readonly #watchers = new Map<number, ResultWatcher>();
  #last = 0;

  /** @param maxBytes - largest question */
  constructor(channel: ChildChannel, maxBytes: () => number) {
    this.#channel = channel;
    this.#maxBytes = maxBytes;
  }

  /** Rejects with the error that the worker met, of the same class. */
  async ask(run: number, about: Question): Promise<unknown> {
    const packed = pack(about, this.#maxBytes());
    const question = ++this.#last;
    const answer = new Promise<unknown>((resolve, reject) => this.#asked.set(question, { resolve, reject }));
    void this.#channel.send({ type: "ask", run, question, about: packed });
    return answer;
  }

  onAnswer(message: Answer): void {
    const asked = this.#asked.get(message.question);
    this.#asked.delete(message.question);
    if (message.type === "answer") asked?.resolve(unpack(message.value));
    else asked?.reject(unpack(message.error));
  }

  /** The returned function stops it and may be called twice. */
  watch(taskId: string, watcher: ResultWatcher): () => void {
    const watch = ++this.#last;
    this.#watchers.set(watch, watcher);
    void this.#channel.send({ type: "watch", watch, taskId });
    return () => void (this.#watchers.delete(watch) && this.#channel.send({ type: "unwatch", watch }));
  }

  onTold(message: Told): void {
    const watcher = this.#watchers.get(message.watch);
    if (message.type === "state") watcher?.onState(unpack(message.meta) as ResultMeta);
    else watcher?.onLost(unpack(message.error) as CeleryError);
  }

  /** Lines of a run, written by the parent's logger. */
  log(run: number): Logger {
    const line =
      (level: keyof Logger) =>
      (message: string, fields?: LogFields): void => {
        const packed = fields && (packLeniently(asFields(fields)) as LogFields);
        void this.#channel.send({ type: "log", run, level, message: textOf(message), fields: packed });
      };
    return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  }
}
