import { resolveBudget } from "@leveret/celery-protocol/wire";
import { asError } from "../../../ports/thrown.ts";
import { systemClock, systemIds } from "../../../system/clock.ts";
import type { Ending } from "../../rules/outcome.ts";
import { type Failure, unwritable } from "../../rules/failure.ts";
import type { ChildChannel } from "./channel.ts";
import { createChildHost } from "./host.ts";
import { type ChildTasks, loadTasks } from "./tasks.ts";
import { pack, packLeniently, unpack } from "../pipe/serialization.ts";
import { invoke } from "../running/invoke.ts";
import type { Job } from "../running/job.ts";
import type { ChildSettings, Packed, PoolModule, ResultFor, ToChild } from "../pipe/messages.ts";
import { ParentLink } from "./parent-link.ts";
import { RunningTask } from "../running/running-task.ts";

/** The program of a child: loads its tasks, runs jobs, ends on request. */
export function serveParent(channel: ChildChannel): void {
  const service = new ChildService(channel);
  channel.onMessage((message) => service.onMessage(message));
}

class ChildService {
  readonly #channel: ChildChannel;
  readonly #link: ParentLink;
  readonly #running = new Map<number, RunningTask>();
  #tasks: ChildTasks | null = null;
  #settings: ChildSettings = { origin: "", budget: resolveBudget(), countsChords: false, inheritsPriority: false };

  constructor(channel: ChildChannel) {
    this.#channel = channel;
    this.#link = new ParentLink(channel, () => this.#settings.budget.bodyBytes);
  }

  onMessage(message: ToChild): void {
    switch (message.type) {
      case "load":
        this.#settings = message.settings;
        return void this.#load(message.module);
      case "run":
        return void this.#run(message);
      case "abort":
        return this.#running.get(message.run)?.abort(unpack(message.reason) as Error);
      case "answer":
      case "refusal":
        return this.#link.onAnswer(message);
      case "state":
      case "lost":
        return this.#link.onTold(message);
      case "close":
        return process.exit(0); // of this thread alone, where it is one
    }
  }

  async #load(module: PoolModule): Promise<void> {
    try {
      this.#tasks = await loadTasks(module);
      void this.#channel.send({ type: "ready", tasks: this.#tasks.names });
    } catch (error) {
      void this.#channel.send({ type: "failed", error: packLeniently(error) });
    }
  }

  async #run({ run, job, resultFor }: Extract<ToChild, { readonly type: "run" }>): Promise<void> {
    const ending = await this.#invoke(run, job);
    this.#running.delete(run);
    const { bodyBytes } = this.#settings.budget;
    const memoryBytes = this.#channel.memoryBytes();
    void this.#channel.send({ type: "done", run, ending: packEnding(ending, resultFor, bodyBytes), memoryBytes });
  }

  async #invoke(run: number, packed: Packed): Promise<Ending> {
    try {
      const job = unpack(packed) as Job;
      const runnable = this.#tasks?.runnable(job.task.task);
      if (runnable === undefined) throw new Error("a run came before the module was loaded");
      const own = withPredicate(job, runnable.definition.policy.retry.when);
      const host = createChildHost(
        { link: this.#link, settings: this.#settings, clock: systemClock, ids: systemIds },
        run,
      );
      const running = new RunningTask(own, host, runnable.definition.parameters);
      this.#running.set(run, running);
      return await invoke(own, runnable, running, null);
    } catch (error) {
      return { kind: "failed", failure: unwritable(asError(error)), retryable: false };
    }
  }
}

/** A function does not cross: the predicate is the one that the module's own definition has. */
function withPredicate(job: Job, when: Job["policy"]["retry"]["when"]): Job {
  return { ...job, policy: { ...job.policy, retry: { ...job.policy.retry, ...(when && { when }) } } };
}

/** A result that cannot cross is one that could not have been written either. */
function packEnding(ending: Ending, resultFor: ResultFor, maxBytes: number): Packed {
  if (ending.kind === "succeeded" && resultFor !== "caller")
    return { ...ending, result: resultFor === "none" ? null : packLeniently(ending.result) };
  if (ending.kind === "failed" || ending.kind === "invalid") return { ...ending, failure: packFailure(ending.failure) };
  try {
    if (ending.kind !== "retry") return pack(ending, maxBytes);
    const { cause, changes, ...rest } = ending;
    return { ...rest, cause: cause && packFailure(cause), ...(changes && { changes: pack(changes, maxBytes) }) };
  } catch (error) {
    return { kind: "failed", failure: packFailure(unwritable(asError(error))), retryable: false };
  }
}

/** An error that cannot be serialized is replaced by a string, as it would be when the failure is stored. */
function packFailure({ exception, traceback, error, withoutValues }: Failure): Packed {
  const args = exception.args.map(packLeniently);
  const packed = { exception: { ...exception, args }, traceback, error: packLeniently(error) };
  return withoutValues === undefined ? packed : { ...packed, withoutValues };
}
