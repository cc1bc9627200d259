import { type CanvasStep, type Mint, needsChords, unfold, type Unfolded } from "@leveret/celery-protocol/canvas";
import type { ResultTuple } from "@leveret/celery-protocol/results";
import { CeleryError } from "../ports/errors.ts";
import { durationMs } from "../ports/duration.ts";
import type { AsyncResult } from "../task/sender.ts";
import type { AnySignature, Composed } from "../task/signature.ts";
import { namesOf } from "./canvas-names.ts";
import { chordsOf, chordsUnsupported, readable } from "./chords.ts";
import type { Leaving, Outgoing } from "./outgoing.ts";
import type { SendOptions } from "./destination.ts";
import type { SenderParts } from "./sender-parts.ts";
import { untilAborted } from "./until-aborted.ts";

/** A chain, group, chord or map that can be sent. */
export type ComposedSignature = AnySignature & { readonly composed: Composed };

/** Most unconfirmed messages. */
const inFlight = 1_000;

/** Sends calls of more than one task: their unfolded messages in order, confirms pipelined. */
export class CanvasSender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the broker has confirmed all messages; `leaving` is called when they are published.
   *
   * @throws CeleryError `option-invalid` for an invalid call, `chords-unsupported`, and the errors of a send
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
   * Composes the single message that starts a call, without sending it.
   *
   * @throws CeleryError as `send`, and `option-invalid` where the call starts by more than one message
   */
  async compose(call: ComposedSignature): Promise<Outgoing> {
    const unfolded = await this.#unfold(call);
    const [only, ...others] = unfolded.steps;
    if (only?.do !== "send" || others.length > 0) {
      const what = `${call.task.name} starts by ${unfolded.steps.length} messages`;
      throw new CeleryError("option-invalid", `${what}: prepare its members one by one, or a chain of them`);
    }
    const { result, awaits } = this.#resultOf(call, unfolded);
    const signal = call.options.signal ?? null;
    return { sending: only, sendOptions: sendOptionsOf(call), result, awaited: awaits.length > 0, signal };
  }

  async #unfold(call: ComposedSignature): Promise<Unfolded & { readonly result: ResultTuple }> {
    const caller = this.#parts.parent();
    const mint = await this.#mint(call);
    const { steps, result, children } = readable(() => unfold(call.composed.signature, mint, { caller }));
    if (result === null) throw new CeleryError("option-invalid", "A chain without steps cannot be sent: give it one");
    if (needsChords(steps) && this.#parts.results.chords === undefined) throw chordsUnsupported();
    return { steps, result, children };
  }

  async #mint({ composed }: ComposedSignature): Promise<Mint> {
    const { ids, clock, origin, planner, results, budget } = this.#parts;
    const id = ids.uuid();
    const routeOf = await planner.routesOf(composed.signature, id);
    const replyTo = results.replyTo(id);
    return { id: () => ids.uuid(), now: clock.now(), origin, replyTo, budget, ...(routeOf && { routeOf }) };
  }

  #resultOf(
    { composed, options }: ComposedSignature,
    { steps, result }: Unfolded & { readonly result: ResultTuple },
  ): { readonly result: AsyncResult<unknown>; readonly awaits: readonly string[] } {
    const { results } = this.#parts;
    const none = (why: string) => ({ result: results.openNoneTuple(result, why), awaits: [] });
    if (options.ignoreResult === true) return none("it was sent with ignoreResult");
    if (options.replyTo !== undefined) return none(`its replyTo is queue "${options.replyTo}"`);
    const names = namesOf(steps);
    const taskOf = (id: string) => composed.tasks.find(({ name }) => name === names.get(id)) ?? null;
    return { result: results.openTuple(result, taskOf), awaits: taskIdsOf(result) };
  }

  async #perform(call: ComposedSignature, { steps, children }: Unfolded): Promise<void> {
    const options = sendOptionsOf(call);
    const last = steps.findLastIndex((step) => step.do === "send");
    let sent: Promise<void>[] = [];
    for (const [index, step] of steps.entries()) {
      if (step.do !== "send") {
        // Pending sends are always awaited, so that no rejection is unhandled.
        await Promise.all([...sent, this.#count(step)]);
        sent = [];
        continue;
      }
      sent.push(this.#parts.dispatch.send(step, options, index === last ? children : []));
      if (sent.length >= inFlight) await Promise.all(sent.splice(0));
    }
    await Promise.all(sent);
  }

  async #count(step: Exclude<CanvasStep, { readonly do: "send" }>): Promise<void> {
    const chords = chordsOf(this.#parts.results);
    if (step.do === "apply-chord") await chords.apply(step.chord);
    else await chords.setSize(step.groupId, step.size);
  }
}

/** The timeout of the canvas is that of each message. */
function sendOptionsOf({ options: { publishTimeout } }: ComposedSignature): SendOptions {
  const timeout =
    publishTimeout === undefined ? {} : { publishTimeoutMs: durationMs(publishTimeout, "publishTimeout") };
  return { ...timeout, isFromMessage: true };
}

/** Ids of the tasks in a result. */
function taskIdsOf({ id, members }: ResultTuple): readonly string[] {
  return members === null ? [id] : members.flatMap(taskIdsOf);
}
