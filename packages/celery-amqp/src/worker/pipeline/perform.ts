import type { Logger } from "../../ports/logger.ts";
import type { Delivery } from "../../ports/transport.ts";
import type { ResultStore } from "../../results/backend.ts";
import type { ChordCounter, ChordProgress } from "../../results/chords.ts";
import { bodyOf, callbackError } from "../rules/chord.ts";
import type { Effect, Sending } from "../rules/effect.ts";
import type { TaskEvent } from "../rules/event.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { BrokerAway, withPatience, type Patience } from "./patience.ts";

/** Who carries effects out. */
export interface PerformParts extends Patience {
  readonly results: ResultStore;
  readonly deadLetters: DeadLetters;
  readonly log: Logger;
  /** Resolves when the broker has confirmed the message. */
  readonly send: (sending: Sending) => Promise<void>;
  readonly emit: (event: TaskEvent) => void;
  /** What follows from a part of a chord. */
  readonly afterPart: (brought: ChordPartEffect, progress: ChordProgress) => readonly Effect[];
  /** Never rejects. */
  readonly callErrback: (call: ErrbackEffect) => Promise<void>;
}

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
      const pending = effect && this.#do(delivery, effect);
      if (pending !== undefined) return pending.then(() => this.perform(delivery, effects, at + 1));
    }
    return undefined;
  }

  #do(delivery: Delivery, effect: Effect): Promise<void> | undefined {
    switch (effect.do) {
      case "emit":
        this.#parts.emit(effect.event);
        return undefined;
      case "ack":
        this.#warnIfLost(delivery, delivery.ack());
        return undefined;
      case "reject":
        this.#warnIfLost(delivery, delivery.reject({ requeue: effect.requeue }));
        return undefined;
      case "store":
        return this.#patiently(effect, () => this.#parts.results.store(effect.meta, effect.task));
      case "send":
        return this.#patiently(effect, () => this.#parts.send(effect));
      case "dead-letter":
        return this.#deadLetter(delivery, effect);
      case "apply-chord":
        return this.#count(effect, (chords) => chords.apply(effect.chord));
      case "set-chord-size":
        return this.#count(effect, (chords) => chords.setSize(effect.groupId, effect.size));
      case "finish-chord":
        return this.#count(effect, (chords) => chords.finish(effect.groupId));
      case "chord-part":
        return this.#bring(delivery, effect);
      case "call-errback":
        return this.#parts.callErrback(effect);
    }
  }

  #count(
    effect: Extract<Effect, { readonly required: boolean }>,
    count: (chords: ChordCounter) => Promise<void>,
  ): Promise<void> | undefined {
    const { chords } = this.#parts.results;
    return chords && this.#patiently(effect, () => count(chords));
  }

  /** Whoever brings the last part calls the body; where that can never be done, the chord fails. */
  #bring(delivery: Delivery, effect: ChordPartEffect): Promise<void> | undefined {
    const { chords } = this.#parts.results;
    return chords && this.#bringTo(chords, delivery, effect);
  }

  async #bringTo(chords: ChordCounter, delivery: Delivery, effect: ChordPartEffect): Promise<void> {
    let progress: ChordProgress = { state: "waiting" };
    await withPatience(async () => {
      progress = await chords.addPart(effect.part, effect.meta);
    }, this.#parts);
    if (progress.state !== "waiting" && bodyOf(effect.part, progress) === null) this.#warnOfNobody(effect);
    try {
      await this.perform(delivery, this.#parts.afterPart(effect, progress));
    } catch (error) {
      if (error instanceof BrokerAway || !(error instanceof Error)) throw error;
      const failed: ChordProgress = { ...progress, state: "failed", exception: callbackError(error) };
      await this.perform(delivery, this.#parts.afterPart(effect, failed));
    }
  }

  async #patiently(
    effect: Extract<Effect, { readonly required: boolean }>,
    attempt: () => Promise<void>,
  ): Promise<void> {
    try {
      await withPatience(attempt, this.#parts);
    } catch (error) {
      if (effect.required || error instanceof BrokerAway) throw error;
      this.#parts.log.error(`cannot ${effect.do} what follows from a task`, {
        task: effect.task.task,
        id: effect.task.id,
        error: messageOf(error),
      });
    }
  }

  /** Without a dead queue the message goes the way Celery sends it, and someone has to hear of it. */
  async #deadLetter(delivery: Delivery, letter: Extract<Effect, { readonly do: "dead-letter" }>): Promise<void> {
    try {
      await withPatience(() => this.#parts.deadLetters.put(delivery, letter), this.#parts);
      this.#warnIfLost(delivery, delivery.ack());
    } catch (error) {
      if (error instanceof BrokerAway) throw error;
      this.#parts.log.error("cannot keep a dead letter, the message is rejected: declare its dead queue by hand", {
        queue: this.#parts.deadLetters.nameFor(delivery.queue),
        reason: letter.reason,
        error: messageOf(error),
      });
      delivery.reject({ requeue: false });
    }
  }

  /** Whoever waits for the body waits in vain. */
  #warnOfNobody({ part: { groupId }, task: { task, id } }: ChordPartEffect): void {
    this.#parts.log.error("a chord ended with a task that cannot be read, and nobody knows its body", {
      group: groupId,
      task,
      id,
    });
  }

  #warnIfLost(delivery: Delivery, settled: boolean): void {
    if (settled) return;
    this.#parts.log.warn("the connection a message came by is gone: the broker will deliver it again", {
      queue: delivery.queue,
      id: delivery.message.properties.correlationId ?? null,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
