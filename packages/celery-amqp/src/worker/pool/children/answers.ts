import type { Tree } from "@leveret/celery-protocol";
import { CeleryError } from "../../../ports/errors.ts";
import type { ResultSource } from "../../../results/backend.ts";
import { chordsOf } from "../../../send/chords.ts";
import type { Dispatch } from "../../../send/dispatch.ts";
import type { Planner } from "../../../send/plan.ts";
import type { RevokeTask } from "../../../task/sender.ts";
import type { AwaitedTasks } from "../running/awaited-tasks.ts";
import type { ChildRun } from "./child-run.ts";
import { pack, packLeniently, unpack } from "../pipe/serialization.ts";
import type { JobHost } from "../running/job.ts";
import type { FromChild, Question, Routed, ToChild } from "../pipe/messages.ts";

/** The worker, as far as its children may ask of it. */
export interface ChildServices extends Pick<JobHost, "setState" | "sendEvent" | "addToChord" | "logFor"> {
  readonly planner: Pick<Planner, "routeOf">;
  readonly dispatch: Pick<Dispatch, "send">;
  readonly source: ResultSource;
  readonly revoke: RevokeTask;
  readonly awaited: AwaitedTasks;
}

type Asked = Extract<FromChild, { readonly type: "ask" | "log" | "watch" | "unwatch" }>;

/** Answers one child. What a run asks after its end is still served while the child has no other. */
export class ChildAnswers {
  readonly #services: ChildServices;
  readonly #send: (message: ToChild) => void;
  readonly #watches = new Map<number, () => void>();
  #run: ChildRun | null = null;

  constructor(services: ChildServices, send: (message: ToChild) => void) {
    this.#services = services;
    this.#send = send;
  }

  /** The run whose questions come from now on. */
  serve(run: ChildRun): void {
    this.#run = run;
  }

  onAsked(message: Asked): void {
    switch (message.type) {
      case "ask":
        return void this.#answer(message);
      case "log":
        return this.#log(message);
      case "watch":
        return this.#watch(message.watch, message.taskId);
      case "unwatch":
        return this.#unwatch(message.watch);
    }
  }

  /** The child is gone: ends its watches. */
  close(): void {
    for (const watch of this.#watches.keys()) this.#unwatch(watch);
  }

  async #answer({ run, question, about }: Extract<Asked, { readonly type: "ask" }>): Promise<void> {
    try {
      const value = await this.#do(run, unpack(about) as Question);
      this.#send({ type: "answer", question, value: pack(value) });
    } catch (error) {
      this.#send({ type: "refusal", question, error: packLeniently(error) });
    }
  }

  async #do(number: number, question: Question): Promise<unknown> {
    const { planner, dispatch, source, setState, sendEvent, addToChord, revoke, awaited } = this.#services;
    switch (question.about) {
      case "routes": {
        const routes = question.names.map((name) => planner.routeOf(name));
        return { routes, replyTo: source.replyTo(question.taskId) } satisfies Routed;
      }
      case "prepare":
        return source.prepare(question.taskId);
      case "send": {
        const run = this.#current(number);
        await dispatch.send(question.sending, question.options);
        awaited.onSent(run.job, question.sending);
        return run.addChildren(question.children);
      }
      case "apply-chord":
        return chordsOf(source).apply(question.chord);
      case "set-chord-size":
        return chordsOf(source).setSize(question.groupId, question.size);
      case "add-to-chord":
        return addToChord(this.#current(number).job, question.call);
      case "forget":
        return source.forget(question.taskId);
      case "revoke":
        return revoke(question.taskId, question.options);
      case "state":
        return setState(this.#current(number).job, question.state, question.meta as Tree);
      case "event":
        return sendEvent(this.#current(number).job, question.type, question.fields);
    }
  }

  #current(number: number): ChildRun {
    if (this.#run?.number === number) return this.#run;
    throw new CeleryError("closed", "The task has ended and its child runs another: await what a handler starts");
  }

  #log({ run, level, message, fields }: Extract<Asked, { readonly type: "log" }>): void {
    if (this.#run?.number === run)
      this.#services.logFor(this.#run.job)[level](message, unpack(fields) as typeof fields);
  }

  #watch(watch: number, taskId: string): void {
    const unwatch = this.#services.source.watch(taskId, {
      onState: (meta) => this.#send({ type: "state", watch, meta: pack(meta) }),
      onLost: (error) => this.#send({ type: "lost", watch, error: packLeniently(error) }),
    });
    const end = this.#run && this.#services.awaited.begin(this.#run.job, taskId);
    this.#watches.set(watch, () => {
      end?.();
      unwatch();
    });
  }

  #unwatch(watch: number): void {
    this.#watches.get(watch)?.();
    this.#watches.delete(watch);
  }
}
