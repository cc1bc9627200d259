import {
  type CanvasStep,
  type Mint,
  needsChords,
  type ResultTuple,
  type Sending,
  type Tree,
  unfold,
  type Unfolded,
} from "@leveret/celery-protocol";
import { CeleryError } from "../ports/errors.ts";
import type { AsyncResult } from "../task/sender.ts";
import type { AnySignature, Composed } from "../task/signature.ts";
import { namesOf } from "./canvas-names.ts";
import { chordsOf, chordsUnsupported, readable } from "./chords.ts";
import type { Leaving, Outgoing } from "./outgoing.ts";
import { routeSending } from "./route-sending.ts";
import type { SenderParts } from "./sender-parts.ts";
import { untilAborted } from "./until-aborted.ts";

/** A chain, group, chord or map that can be sent. */
export type ComposedSignature = AnySignature & { readonly composed: Composed };

/** Messages whose confirms are awaited at a time. */
const inFlight = 1_000;

/** Sends calls that are more than one task: what they unfold to, in its order, confirms pipelined. */
export class CanvasSender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the broker has confirmed all of it; `leaving` is called when it goes out.
   *
   * @throws CeleryError `option-invalid` for what cannot be called, `chords-unsupported`, and all that a send can end in
   */
  async send(call: ComposedSignature, leaving?: (what: Leaving) => void): Promise<Leaving> {
    const unfolded = await this.#unfold(call);
    const { result, awaits } = this.#resultOf(call, unfolded);
    const outgoing = { result, signal: call.options.signal ?? null };
    const send = async (): Promise<void> => {
      await Promise.all(awaits.map((taskId) => this.#parts.results.prepare(taskId)));
      leaving?.(outgoing);
      await this.#perform(call, unfolded);
    };
    const { signal } = outgoing;
    await (signal === null ? send() : untilAborted(send, signal, `Sending ${call.task.name} ${result.id}`));
    return outgoing;
  }

  /**
   * The one message that starts a call, not sent.
   *
   * @throws CeleryError as `send`, and `option-invalid` where it is more than one message
   */
  async compose(call: ComposedSignature): Promise<Outgoing> {
    const unfolded = await this.#unfold(call);
    const [only, ...others] = unfolded.steps;
    if (only?.do !== "send" || others.length > 0) {
      const what = `${call.task.name} starts by ${unfolded.steps.length} messages`;
      throw new CeleryError("option-invalid", `${what}: prepare its members one by one, or a chain of them`);
    }
    const { result, awaits } = this.#resultOf(call, unfolded);
    const routed = await this.#routed(only, call.options);
    return { ...routed, result, awaited: awaits.length > 0, signal: call.options.signal ?? null };
  }

  async #unfold(call: ComposedSignature): Promise<Unfolded & { readonly result: ResultTuple }> {
    const parent = this.#parts.parent();
    const mint = await this.#mint();
    const caller = parent && { ...parent, priority: parent.priority ?? null };
    const { steps, result, children } = readable(() => unfold(call.composed.signature, mint, { caller }));
    if (result === null) throw new CeleryError("option-invalid", "A chain without steps cannot be sent: give it one");
    if (needsChords(steps) && this.#parts.results.chords === undefined) throw chordsUnsupported();
    return { steps, result, children };
  }

  /** In a child of the worker a plan tells where results are awaited. */
  async #mint(): Promise<Mint> {
    const { ids, clock, origin, planner, results, budget } = this.#parts;
    const id = ids.uuid();
    await planner.plan("celery.chain", { id });
    return { id: () => ids.uuid(), now: clock.now(), origin, replyTo: results.replyTo(id), budget };
  }

  #resultOf(
    { composed, options }: ComposedSignature,
    { steps, result }: Unfolded & { readonly result: ResultTuple },
  ): { readonly result: AsyncResult<unknown>; readonly awaits: readonly string[] } {
    const { results } = this.#parts;
    const none = (why: string) => ({ result: results.openNoneTuple(result, why), awaits: [] });
    if (options.ignoreResult === true) return none("it was sent with ignoreResult");
    if (options.replyTo !== undefined) return none(`it goes to queue "${options.replyTo}", as the call says`);
    const names = namesOf(steps);
    const taskOf = (id: string) => composed.tasks.find(({ name }) => name === names.get(id)) ?? null;
    return { result: results.openTuple(result, taskOf), awaits: taskIdsOf(result) };
  }

  async #perform({ options }: ComposedSignature, { steps, children }: Unfolded): Promise<void> {
    const last = steps.findLastIndex((step) => step.do === "send");
    let sent: Promise<void>[] = [];
    for (const [index, step] of steps.entries()) {
      if (step.do !== "send") {
        // What was begun is awaited in any case, so that no rejection is left alone.
        await Promise.all([...sent, this.#count(step)]);
        sent = [];
        continue;
      }
      sent.push(this.#sendOne(step, options, index === last ? children : []));
      if (sent.length >= inFlight) await Promise.all(sent.splice(0));
    }
    await Promise.all(sent);
  }

  async #sendOne(step: Sending, options: AnySignature["options"], children: readonly Tree[]): Promise<void> {
    const { message, way } = await this.#routed(step, options);
    await this.#parts.dispatch.send(message, way, children);
  }

  async #routed(step: Sending, options: AnySignature["options"]): ReturnType<typeof routeSending> {
    const { planner, clock } = this.#parts;
    const { message, way } = await routeSending(step, planner, options, clock.now());
    return { message, way: step.to === null ? way : { ...way, isNamedByMessage: true } };
  }

  async #count(step: Exclude<CanvasStep, { readonly do: "send" }>): Promise<void> {
    const chords = chordsOf(this.#parts.results);
    if (step.do === "apply-chord") await chords.apply(step.chord);
    else if (!step.isNested) await chords.setSize(step.groupId, step.size);
  }
}

/** Ids of the tasks that a result is made of. */
function taskIdsOf({ id, members }: ResultTuple): readonly string[] {
  return members === null ? [id] : members.flatMap(taskIdsOf);
}
