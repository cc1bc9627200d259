import { errorClass, type Operation } from "../../ports/error-class.ts";
import type { Logger, LogFields } from "../../ports/logger.ts";
import type { TaskMessage } from "@leveret/celery-protocol";
import type { ChordProgress, Sending } from "@leveret/celery-protocol/canvas";
import type { Delivery } from "../../ports/transport.ts";
import type { ResultStore } from "../../results/backend.ts";
import type { ChordCounter } from "../../results/chords.ts";
import { bodyOf, callbackError, uncounted } from "../rules/chord.ts";
import type { Effect } from "../rules/effect.ts";
import type { TaskEvent } from "../rules/event.ts";
import { unstorable } from "../rules/result.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { BrokerAway, withRetries, type RetryBudget } from "./retry-budget.ts";
import type { Requeue } from "./requeue.ts";

/** What performs effects. */
export interface PerformParts extends RetryBudget {
  readonly results: ResultStore;
  readonly deadLetters: DeadLetters;
  readonly requeue: Requeue;
  /** Whether messages that cannot be settled go to the dead queue. */
  readonly keepsDeadLetters: boolean;
  readonly log: Logger;
  /** Resolves when the broker has confirmed the message. */
  readonly send: (sending: Sending) => Promise<void>;
  readonly emit: (event: TaskEvent) => void;
  /** The ack of this delivery is lost with its channel. */
  readonly onAckLost: (delivery: Delivery) => void;
  /** What follows from a part of a chord. */
  readonly afterPart: (brought: ChordPartEffect, progress: ChordProgress) => readonly Effect[];
  /** Never rejects. */
  readonly callErrback: (call: ErrbackEffect) => Promise<void>;
}

type RequiredEffect = Extract<Effect, { readonly required: boolean }>;
type StoreEffect = Extract<Effect, { readonly do: "store" }>;

/** A part that is brought to a chord. */
export type ChordPartEffect = Extract<Effect, { readonly do: "chord-part" }>;

/** The call of an errback. */
export type ErrbackEffect = Extract<Effect, { readonly do: "call-errback" }>;

/**
 * Carries out what the rules decided, in their order: follow-ups and results are confirmed before the delivery is settled,
 * so a crash in between repeats work and never loses it.
 */
export class Performer {
  readonly #parts: PerformParts;

  constructor(parts: PerformParts) {
    this.#parts = parts;
  }

  /**
   * Undefined where all was done at once, which is so when nothing had to be sent or stored.
   *
   * @throws BrokerAway where the broker stayed away too long; what a required effect ended in, where it can never be done
   */
  perform(delivery: Delivery, effects: readonly Effect[], from = 0): Promise<void> | undefined {
    for (let at = from; at < effects.length; at += 1) {
      const effect = effects[at];
      if (effect?.do === "chord-part") {
        const bringing = this.#bring(delivery, effect, effects.slice(at + 1));
        if (bringing === undefined) continue;
        return bringing.then((rest) => this.perform(delivery, rest));
      }
      const pending = effect && this.#do(delivery, effect);
      if (pending !== undefined) return pending.then(() => this.perform(delivery, effects, at + 1));
    }
    return undefined;
  }

  /** Lets a message go back to its queue, after a pause. */
  returnToQueue(delivery: Delivery): void {
    this.#parts.requeue.later(delivery);
  }

  #do(delivery: Delivery, effect: Exclude<Effect, ChordPartEffect>): Promise<void> | undefined {
    switch (effect.do) {
      case "emit":
        this.#parts.emit(effect.event);
        return undefined;
      case "ack":
        this.#ack(delivery);
        return undefined;
      case "reject":
        if (effect.requeue) this.returnToQueue(delivery);
        else this.#warnIfLost(delivery, delivery.reject({ requeue: false }));
        return undefined;
      case "store":
        return this.#store(effect);
      case "send":
        return this.#withRetries(effect, "send", () => this.#parts.send(effect));
      case "dead-letter":
        return this.#deadLetter(delivery, effect);
      case "apply-chord":
        return this.#count(effect, (chords) => chords.apply(effect.chord));
      case "set-chord-size":
        return this.#count(effect, (chords) => chords.setSize(effect.groupId, effect.size));
      case "finish-chord":
        return this.#count(effect, (chords) => chords.finish(effect.groupId));
      case "call-errback":
        return this.#parts.callErrback(effect);
    }
  }

  #count(effect: RequiredEffect, count: (chords: ChordCounter) => Promise<void>): Promise<void> | undefined {
    const { chords } = this.#parts.results;
    return chords && this.#withRetries(effect, "count", () => count(chords));
  }

  /** A state that is too large or cannot be written is stored as a small one, unless it is a success: that fails the task. */
  async #store(effect: StoreEffect): Promise<void> {
    const { results, log } = this.#parts;
    try {
      await withRetries(() => results.store(effect.meta, effect.task), "store", this.#parts);
    } catch (error) {
      const small = errorClass(error, "store") === "task" ? unstorable(effect.meta, messageOf(error)) : null;
      if (small === null) return this.#passOver(effect, error);
      log.warn("a state cannot be stored, a smaller one is stored instead", aboutOf(effect, error));
      await this.#withRetries(effect, "store", () => results.store(small, effect.task));
    }
  }

  /**
   * The task that brings the last part calls the body; where that can never be done, the chord fails. Returns what is left
   * to do of `rest`, the effects behind this one.
   */
  #bring(delivery: Delivery, effect: ChordPartEffect, rest: readonly Effect[]): Promise<readonly Effect[]> | undefined {
    const { chords } = this.#parts.results;
    return chords && this.#bringTo(chords, delivery, effect, rest);
  }

  async #bringTo(
    chords: ChordCounter,
    delivery: Delivery,
    effect: ChordPartEffect,
    rest: readonly Effect[],
  ): Promise<readonly Effect[]> {
    let progress: ChordProgress = { state: "waiting" };
    try {
      await withRetries(
        async () => {
          progress = await chords.addPart(effect.part, effect.meta);
        },
        "count",
        this.#parts,
      );
    } catch (error) {
      if (errorClass(error, "count") !== "permanent") throw error;
      return this.#endUncounted(delivery, effect, rest, error);
    }
    await this.#afterPart(delivery, effect, progress);
    return rest;
  }

  /** A part that can never be counted fails its chord, and its message is kept in the dead queue. */
  async #endUncounted(
    delivery: Delivery,
    effect: ChordPartEffect,
    rest: readonly Effect[],
    error: unknown,
  ): Promise<readonly Effect[]> {
    const { afterPart, log, keepsDeadLetters } = this.#parts;
    log.error("a part of a chord can never be counted, the chord fails", aboutOf(effect, error));
    const failed: ChordProgress = { state: "failed", exception: uncounted(messageOf(error)) };
    for (const told of afterPart(effect, failed)) await this.#tell(delivery, effect, told);
    const isAcked = rest.some(({ do: kind }) => kind === "ack");
    if (!isAcked || !keepsDeadLetters) return rest;
    const reason = "settle-refused";
    const letter: Effect = { do: "dead-letter", reason, error: messageOf(error), traceback: null, attempts: 1 };
    return rest.map((each) => (each.do === "ack" ? letter : each));
  }

  /** Each part of the header comes here: the states are the same from all of them, errbacks are called by the first alone. */
  async #tell(delivery: Delivery, { part: { groupIndex } }: ChordPartEffect, told: Effect): Promise<void> {
    const isCall = told.do === "send" || told.do === "call-errback";
    if (isCall && groupIndex !== null && groupIndex > 0) return;
    await this.perform(delivery, ["required" in told ? { ...told, required: false } : told]);
  }

  async #afterPart(delivery: Delivery, effect: ChordPartEffect, progress: ChordProgress): Promise<void> {
    if (progress.state !== "waiting" && bodyOf(effect.part, progress) === null) this.#warnOfNobody(effect);
    try {
      await this.perform(delivery, this.#parts.afterPart(effect, progress));
    } catch (error) {
      if (error instanceof BrokerAway || !(error instanceof Error)) throw error;
      const failed: ChordProgress = { ...progress, state: "failed", exception: callbackError(error) };
      await this.perform(delivery, this.#parts.afterPart(effect, failed));
    }
  }

  async #withRetries(effect: RequiredEffect, operation: Operation, attempt: () => Promise<void>): Promise<void> {
    try {
      await withRetries(attempt, operation, this.#parts);
    } catch (error) {
      this.#passOver(effect, error);
    }
  }

  /** @throws the error, unless the effect may be left out and can never be done */
  #passOver(effect: RequiredEffect, error: unknown): void {
    if (effect.required || error instanceof BrokerAway) throw error;
    this.#parts.log.error(`cannot ${effect.do} what follows from a task`, aboutOf(effect, error));
  }

  /** A dead letter that cannot be kept is not lost either: it goes back, and is refused again. */
  async #deadLetter(delivery: Delivery, letter: Extract<Effect, { readonly do: "dead-letter" }>): Promise<void> {
    try {
      await withRetries(() => this.#parts.deadLetters.put(delivery, letter), "dead-letter", this.#parts);
    } catch (error) {
      if (error instanceof BrokerAway) throw error;
      const queue = this.#parts.deadLetters.nameFor(delivery.queue);
      const hint = `The message could not be kept in queue "${queue}": ${messageOf(error)}. Declare the queue by hand, or let this user declare it.`;
      throw new BrokerAway(hint, { cause: error });
    }
    this.#warnIfLost(delivery, delivery.ack());
  }

  /** A caller that waits for the body never gets its result. */
  #warnOfNobody({ part: { groupId }, task: { task, id } }: ChordPartEffect): void {
    this.#parts.log.error("a chord ended with a task that cannot be read, and its body is not known", {
      group: groupId,
      task,
      id,
    });
  }

  #ack(delivery: Delivery): void {
    if (delivery.ack()) return;
    this.#parts.onAckLost(delivery);
    this.#warnIfLost(delivery, false);
  }

  #warnIfLost(delivery: Delivery, settled: boolean): void {
    if (settled) return;
    this.#parts.log.warn("the connection a message came by is gone: the broker will deliver it again", {
      queue: delivery.queue,
      id: delivery.message.properties.correlationId ?? null,
    });
  }
}

function aboutOf({ task: { task, id } }: { readonly task: TaskMessage }, error: unknown): LogFields {
  return { task, id, error: messageOf(error) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
